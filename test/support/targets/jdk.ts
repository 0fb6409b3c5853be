import path from 'node:path';
import { Talker } from '../openssl.ts';
import { root } from '../repository.ts';
import type { Material } from './material.ts';
import { type RunningTarget, TRUTHS } from './target.ts';

export type JdkTargetId = 'A1' | 'A2' | 'A3' | 'A4' | 'A5' | 'B1' | 'B2';

const KINDS: Readonly<Record<JdkTargetId, 'socket' | 'engine'>> = {
  A1: 'socket',
  A2: 'engine',
  A3: 'engine',
  A4: 'socket',
  A5: 'engine',
  B1: 'socket',
  B2: 'engine',
};
const ASKS = { required: 'need', requested: 'want', 'not-requested': 'none' } as const;
/** Source of a class that `java` compiles as it starts. */
const SOURCE = path.join(root, 'test/support/targets/Targets.java');
const START_MS = 60_000;

/** One JDK process that hosts all its targets. */
export class JdkTargets {
  readonly #talker: Talker;
  readonly #material: Material;
  #next = 0;

  private constructor(talker: Talker, material: Material) {
    this.#talker = talker;
    this.#material = material;
  }

  static async start(material: Material): Promise<JdkTargets> {
    const talker = new Talker('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', SOURCE], material.folder);
    const targets = new JdkTargets(talker, material);
    if ((await talker.hear(/^ready$/m, START_MS)) === undefined) throw new Error(`no JDK targets: ${talker.output}`);
    return targets;
  }

  async serve(id: JdkTargetId, address: string): Promise<RunningTarget> {
    const truth = TRUTHS[id];
    const trusted = truth.certificate === 'flink' ? 'flink' : 'authority';
    this.#material.identity(trusted);
    this.#material.identity(truth.certificate);
    const name = `${id}.${this.#next++}`;
    // Defaults are written out, so that another JDK's defaults do not change the truth.
    const lists = [truth.versions.join(','), truth.versions.flatMap((one) => suites(truth, one)).join(',')];
    const words = ['serve', name, KINDS[id], address, ...lists, ASKS[truth.clientAuthentication]];
    this.#talker.say(`${[...words, truth.certificate, trusted].join(' ')}\n`);
    const port = await this.#talker.hear(new RegExp(`^${name} listening (\\d+)$`, 'm'), START_MS);
    if (port === undefined) throw new Error(`${id} does not listen: ${this.#talker.output}`);
    return { id, address, port: Number(port[1]), truth, leafSha256: this.#material.sha256(truth.certificate) };
  }

  async stop(): Promise<void> {
    this.#talker.end();
    await this.#talker.ended();
  }
}

function suites(truth: RunningTarget['truth'], version: string): readonly string[] {
  return truth.cipherSuites[version] ?? [];
}
