import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import {
  decryptionSecretsBlock,
  enhancedPacketBlock,
  interfaceDescriptionBlock,
  LINK_TYPE_RAW,
  sectionHeaderBlock,
} from '../../capture/pcapng-write.ts';
import { tcpPacket } from '../../capture/tcp-packet.ts';
import type { Transcript } from '../../net/wire.ts';
import { addressOctets, transcriptPackets } from './transcript-packets.ts';

/** First and last frame of a connection, as Wireshark counts them. */
export interface Frames {
  readonly first: number;
  readonly last: number;
}

/** What stands in the file. */
export interface CaptureWritten {
  readonly connections: number;
  readonly packets: number;
  /** Writing failed, and what came after it is missing: path, offset, fault. */
  readonly problem?: string;
}

/** It holds secrets of sessions: for its owner alone. */
const MODE = 0o600;
const INTERFACE_NAME = 'flinkprobe';

/**
 * Writes connections as pcapng, one after another as they end; each with the secrets that open it before its packets.
 *
 * Packets are what {@link transcriptPackets} makes of a transcript: a connection that was refused is a SYN and a RST,
 * one that nobody answered a SYN, one that was never asked for nothing.
 */
export class CaptureWriter {
  readonly #path: string;
  readonly #file: number;
  #bytes = 0;
  #packets = 0;
  #connections = 0;
  #identification = 0;
  #problem: string | undefined;

  /**
   * Opens the file, and empties it if there is one.
   *
   * @param application name and version of the writing program
   * @throws the system's error (`ENOENT`, `EACCES`, …) where the file cannot be opened
   */
  constructor(path: string, application: string) {
    this.#path = path;
    this.#file = openPrivately(path);
    this.#write([sectionHeaderBlock(application), interfaceDescriptionBlock(LINK_TYPE_RAW, INTERFACE_NAME)]);
  }

  /** Writes a whole connection. `undefined`: nothing of it stands in the file. Never throws. */
  keep(transcript: Transcript): Frames | undefined {
    if (transcript.fault === 'connection-limit' || this.#problem !== undefined) return undefined;
    const first = this.#packets + 1;
    const local = { address: addressOctets(transcript.local.host), port: transcript.local.port };
    const remote = { address: addressOctets(transcript.remote.host), port: transcript.remote.port };
    const packets = transcriptPackets(transcript, first);
    const blocks = packets.map(({ from, seconds, nanoseconds, ...segment }) => {
      const [source, destination] = from === 0 ? [local, remote] : [remote, local];
      const packet = tcpPacket({
        ...segment,
        source: source.address,
        sourcePort: source.port,
        destination: destination.address,
        destinationPort: destination.port,
        identification: ++this.#identification,
      });
      return enhancedPacketBlock(seconds, nanoseconds, packet);
    });
    const secrets = transcript.secrets.length > 0 ? [decryptionSecretsBlock(transcript.secrets)] : [];
    if (this.#write([...secrets, ...blocks]) === 'failed') return undefined;
    this.#connections++;
    this.#packets += packets.length;
    return { first, last: this.#packets };
  }

  /** Closes the file, once. */
  finish(): CaptureWritten {
    try {
      closeSync(this.#file);
    } catch (error) {
      this.#fail(error);
    }
    const written = { connections: this.#connections, packets: this.#packets };
    return this.#problem === undefined ? written : { ...written, problem: this.#problem };
  }

  #write(blocks: readonly Uint8Array[]): 'written' | 'failed' {
    const bytes = Buffer.concat(blocks);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      this.#fail(error);
      return 'failed';
    }
    this.#bytes += bytes.length;
    return 'written';
  }

  #fail(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    this.#problem ??= `${this.#path}: byte ${this.#bytes}: ${fault}`;
  }
}

/** The mode of a file that was there before is narrowed before anything is written to it. */
function openPrivately(path: string): number {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, MODE);
  try {
    if (fstatSync(file).isFile()) {
      fchmodSync(file, MODE);
      ftruncateSync(file);
    }
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return file;
}
