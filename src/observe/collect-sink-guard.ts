import { fixedPort } from '../flink/rest-tls.ts';
import type { ChannelId } from '../model/channel.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';
import { NEVER_COLLECT_SINK } from './target-text.ts';

/** Knows the ports that configurations give to collect sinks, on whatever host: nobody may connect to them. */
export class CollectSinkGuard {
  readonly #ports: ReadonlyMap<number, Setting>;

  constructor(configurations: readonly EffectiveConfiguration[]) {
    this.#ports = new Map(
      configurations.flatMap((configuration) => {
        const setting = configuration.setting('taskmanager.collect-sink.port');
        const port = fixedPort(setting);
        return setting === undefined || port === undefined ? [] : [[port, setting] as const];
      }),
    );
  }

  /** Why that endpoint must not be connected to; undefined where it may. Whatever channel it is said to be. */
  refusal(target: { readonly port: number; readonly channel?: ChannelId }): string | undefined {
    const setting = this.#ports.get(target.port);
    if (setting !== undefined) {
      const place = setting.file === undefined ? '' : ` (${setting.file}:${setting.line ?? 1})`;
      return `${setting.key}: ${setting.value}${place}: ${NEVER_COLLECT_SINK}`;
    }
    return target.channel === 'collect-sink' ? NEVER_COLLECT_SINK : undefined;
  }

  /** The targets that may be asked, and the others with the reason. */
  divide<Kind extends { readonly port: number; readonly channel?: ChannelId }>(
    targets: readonly Kind[],
  ): {
    readonly allowed: readonly Kind[];
    readonly refused: readonly { readonly target: Kind; readonly reason: string }[];
  } {
    const judged = targets.map((target) => ({ target, reason: this.refusal(target) }));
    return {
      allowed: judged.filter(({ reason }) => reason === undefined).map(({ target }) => target),
      refused: judged.flatMap(({ target, reason }) => (reason === undefined ? [] : [{ target, reason }])),
    };
  }
}
