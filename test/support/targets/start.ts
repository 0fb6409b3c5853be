import { missing } from '../capture-tools.ts';
import { type JdkTargetId, JdkTargets } from './jdk.ts';
import { Material } from './material.ts';
import {
  type GnutlsTargetId,
  gnutlsTarget,
  type OpensslTargetId,
  opensslTarget,
  type ProgramTarget,
} from './programs.ts';
import { type RunningTarget, type TargetId, TRUTHS } from './target.ts';

const PROGRAMS: Readonly<Record<string, string>> = { A: 'java', B: 'java', C: 'openssl', D: 'gnutls-serv' };

/** `false` where the target can be started, else the reason to skip a test by name. */
export function missingFor(...ids: readonly TargetId[]): string | false {
  return missing(...new Set(ids.map((id) => PROGRAMS[id[0]!]!)));
}

/** Those of them for which this machine has the program. */
export function available(ids: readonly TargetId[]): TargetId[] {
  return ids.filter((id) => missingFor(id) === false);
}

export const ALL_TARGETS: readonly TargetId[] = Object.keys(TRUTHS) as TargetId[];

/** Targets that run, until they are stopped. */
export class Targets {
  readonly material: Material = new Material();
  readonly #running = new Map<TargetId, RunningTarget>();
  readonly #programs: ProgramTarget[] = [];
  #jdk: Promise<JdkTargets> | undefined;

  static async start(...ids: readonly TargetId[]): Promise<Targets> {
    const targets = new Targets();
    try {
      await Promise.all(ids.map(async (id) => targets.#running.set(id, await targets.add(id))));
    } catch (error) {
      await targets.stop();
      throw error;
    }
    return targets;
  }

  get(id: TargetId): RunningTarget {
    const target = this.#running.get(id);
    if (target === undefined) throw new Error(`${id} was not started`);
    return target;
  }

  /** One more of this kind; only the JDK's take another address. */
  async add(id: TargetId, address: string = '127.0.0.1'): Promise<RunningTarget> {
    switch (id[0]) {
      case 'C':
        return this.#program(await opensslTarget(id as OpensslTargetId, this.material));
      case 'D':
        return this.#program(await gnutlsTarget(id as GnutlsTargetId, this.material));
      default:
        this.#jdk ??= JdkTargets.start(this.material);
        return (await this.#jdk).serve(id as JdkTargetId, address);
    }
  }

  async stop(): Promise<void> {
    for (const program of this.#programs) await program.stop();
    const jdk = await this.#jdk?.catch(() => undefined);
    await jdk?.stop();
    this.material.remove();
  }

  #program(target: ProgramTarget): RunningTarget {
    this.#programs.push(target);
    return target;
  }
}
