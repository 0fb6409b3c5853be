import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.JobID;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.runtime.checkpoint.CheckpointProperties;
import org.apache.flink.runtime.checkpoint.CheckpointRetentionPolicy;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.CompletedCheckpoint;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.persistence.filesystem.FileSystemStateStorageHelper;
import org.apache.flink.runtime.state.CompletedCheckpointStorageLocation;
import org.apache.flink.runtime.state.filesystem.FileStateHandle;
import org.apache.flink.runtime.state.filesystem.FsCompletedCheckpointStorageLocation;
import org.apache.flink.runtime.webmonitor.history.ArchivedJson;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.ChecksumType;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

/**
 * Writes the files of this folder with Flink's and RocksDB's own classes:
 * javac -cp "lib/*" StateFiles.java && java -cp "lib/*:." StateFiles FOLDER, where lib is a Flink distribution's.
 */
public class StateFiles {
  static final JobID JOB = new JobID(1, 2);
  static final String CHECKPOINT = "file:/flink/ck/" + JOB + "/chk-9";

  public static void main(String[] args) throws Exception {
    Path out = Paths.get(args[0]);
    Files.createDirectories(out);
    CheckpointProperties savepoint = CheckpointProperties.forSavepoint(false, SavepointFormatType.CANONICAL);
    CheckpointProperties checkpoint =
        CheckpointProperties.forCheckpoint(CheckpointRetentionPolicy.RETAIN_ON_CANCELLATION);
    metadata(out.resolve("savepoint_metadata"), 9, savepoint);
    metadata(out.resolve("checkpoint_metadata"), 10, checkpoint);

    org.apache.flink.core.fs.Path ha = new org.apache.flink.core.fs.Path(out.resolve("ha").toUri());
    new FileSystemStateStorageHelper<JobGraph>(ha, "submittedJobGraph").store(new JobGraph(JOB, "cards"));
    new FileSystemStateStorageHelper<CompletedCheckpoint>(ha, "completedCheckpoint").store(completed(checkpoint));
    archive(out);

    RocksDB.loadLibrary();
    rocks(out.resolve("rocksdb"), 5, new byte[0]);
    rocks(out.resolve("rocksdb-legacy"), 0, new byte[0]);
    rocks(out.resolve("rocksdb-long"), 5, new byte[40000]);
  }

  static void metadata(Path file, long id, CheckpointProperties properties) throws Exception {
    CheckpointMetadata metadata = CheckpointMetadata.class
        .getConstructor(long.class, Collection.class, Collection.class, CheckpointProperties.class)
        .newInstance(id, new ArrayList<>(), new ArrayList<>(), properties);
    try (OutputStream stream = Files.newOutputStream(file)) {
      Checkpoints.storeCheckpointMetadata(metadata, stream);
    }
  }

  /** Its constructor has other parameters in each version; what they are is told by their types. */
  static CompletedCheckpoint completed(CheckpointProperties properties) throws Exception {
    org.apache.flink.core.fs.Path folder = new org.apache.flink.core.fs.Path(CHECKPOINT);
    FileStateHandle handle = new FileStateHandle(new org.apache.flink.core.fs.Path(CHECKPOINT + "/_metadata"), 42);
    CompletedCheckpointStorageLocation location =
        new FsCompletedCheckpointStorageLocation(FileSystem.getLocalFileSystem(), folder, handle, CHECKPOINT);
    Constructor<?> constructor = CompletedCheckpoint.class.getDeclaredConstructors()[0];
    Class<?>[] types = constructor.getParameterTypes();
    Object[] values = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      if (types[i] == JobID.class) values[i] = JOB;
      else if (types[i] == long.class) values[i] = 9L;
      else if (types[i] == Map.class) values[i] = new HashMap<>();
      else if (Collection.class.isAssignableFrom(types[i])) values[i] = new ArrayList<>();
      else if (types[i] == CheckpointProperties.class) values[i] = properties;
      else if (CompletedCheckpointStorageLocation.class.isAssignableFrom(types[i])) values[i] = location;
    }
    return (CompletedCheckpoint) constructor.newInstance(values);
  }

  /** `FsJobArchivist.archiveJob` up to 2.2, `FsJsonArchivist.writeArchivedJsons` from 2.3 on. */
  static void archive(Path out) throws Exception {
    for (String name : new String[] {"FsJobArchivist", "FsJsonArchivist"}) {
      try {
        for (Method method : Class.forName("org.apache.flink.runtime.history." + name).getMethods()) {
          if (!method.getName().equals("archiveJob") && !method.getName().equals("writeArchivedJsons")) continue;
          Object jsons = Arrays.asList(new ArchivedJson("/jobs/" + JOB + "/config", "{\"jid\":\"" + JOB + "\"}"));
          org.apache.flink.core.fs.Path path = new org.apache.flink.core.fs.Path(out.resolve("archive").toUri());
          if (method.getParameterCount() == 3) method.invoke(null, path, JOB, jsons);
          else method.invoke(null, new org.apache.flink.core.fs.Path(path, JOB.toString()), jsons);
        }
      } catch (ClassNotFoundException e) {
        // Of another version.
      }
    }
  }

  /** Files are copied while the database is open: its log is there only then. */
  static void rocks(Path folder, int format, byte[] padding) throws Exception {
    Path open = Files.createTempDirectory("rocksdb");
    // Table format 0 is written with this checksum only.
    BlockBasedTableConfig table =
        new BlockBasedTableConfig().setFormatVersion(format).setChecksumType(ChecksumType.kCRC32c);
    Options options = new Options().setCreateIfMissing(true).setTableFormatConfig(table);
    try (RocksDB database = RocksDB.open(options, open.toString())) {
      database.put("key-1".getBytes(), "STATE-CARD-4111-1".getBytes());
      database.flush(new FlushOptions());
      database.put("key-2".getBytes(), padding.length > 0 ? padding : "STATE-CARD-4111-2".getBytes());
      Files.createDirectories(folder);
      try (DirectoryStream<Path> files = Files.newDirectoryStream(open)) {
        for (Path file : files) Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
