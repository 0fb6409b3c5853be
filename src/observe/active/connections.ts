import { Encapsulations } from '../../capture/encapsulation.ts';
import { Topology } from '../../flink/topology.ts';
import type { Channel } from '../../model/channel.ts';
import type { ClearProtocol, Probe } from '../../model/probe.ts';
import type { Observation } from '../../model/report.ts';
import type { Transcript } from '../../net/wire.ts';
import { CertificateCache } from '../../x509/certificate.ts';
import { protocolsOf } from '../dialogue.ts';
import { observations } from '../observations.ts';
import { formatTime } from '../time.ts';
import { recordTranscript } from './transcript.ts';

/** A connection, and its frames where a capture of it is written. */
export interface Kept {
  readonly transcript: Transcript;
  readonly frames?: { readonly first: number; readonly last: number };
}

/** Reads our own connections as if they had been captured: the same dialogue, seen from the other vantage. */
export class Connections {
  readonly #probes: ReadonlyMap<Channel, Probe>;
  readonly #protocols: readonly ClearProtocol[];
  readonly #certificates = new CertificateCache();
  readonly #topology: Topology;

  constructor(probes: ReadonlyMap<Channel, Probe>) {
    this.#probes = probes;
    const all = [...probes.values()];
    this.#topology = new Topology(all);
    this.#protocols = protocolsOf(all);
  }

  get certificates(): CertificateCache {
    return this.#certificates;
  }

  /** The observation that an analysis of this connection's packets gives; channel and names are not known here. */
  observe({ transcript, frames }: Kept): Observation {
    const record = recordTranscript(transcript, { first: frames?.first ?? 1 }, this.#protocols);
    const [made] = observations([{ record, repeats: 0 }], {
      topology: this.#topology,
      probes: this.#probes as ReadonlyMap<Exclude<Channel, 'unknown'>, Probe>,
      encapsulations: new Encapsulations(),
      certificates: this.#certificates,
      place: (frame) => ({ frame }),
      time: (seconds, nanoseconds) => formatTime(seconds, nanoseconds, 'ns'),
    });
    return made!;
  }
}
