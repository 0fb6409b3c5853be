import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * A stateful job that compiles and runs on every Flink from 1.16 to 2.3. Records carry {@code CARD-4111-n}, keyed state
 * {@code STATE-CARD-4111-n}, so that a recording proves by itself what leaks. The shuffle crosses both TaskManagers.
 */
public final class ProbeJob {
  private static final long KEYS = 16;
  private static final long PAUSE_MILLIS = 20;

  private ProbeJob() {}

  public static void main(String[] arguments) throws Exception {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment
        .fromSequence(0, Long.MAX_VALUE - 1)
        .map(new ToRecord())
        .keyBy(new KeyOf())
        .process(new Remember())
        .name("remember");
    environment.execute("flinkprobe test bed");
  }

  public static final class ToRecord implements MapFunction<Long, String> {
    @Override
    public String map(Long number) throws Exception {
      Thread.sleep(PAUSE_MILLIS);
      return "CARD-4111-" + number % KEYS;
    }
  }

  public static final class KeyOf implements KeySelector<String, String> {
    @Override
    public String getKey(String record) {
      return record;
    }
  }

  public static final class Remember extends KeyedProcessFunction<String, String, String> {
    @Override
    public void processElement(String record, Context context, Collector<String> out) throws Exception {
      ValueState<String> state =
          getRuntimeContext().getState(new ValueStateDescriptor<>("card", String.class));
      state.update("STATE-" + record);
      out.collect(record);
    }
  }
}
