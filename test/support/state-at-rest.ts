import type { FileSighting, Observation, VolumeSighting } from '../../src/model/report.ts';
import { CAPTURED_AT } from './lab.ts';

export const DIRECTORY = '/flink/ck';

export function volume(change: Partial<VolumeSighting> = {}): VolumeSighting {
  return {
    mountPoint: '/flink',
    fileSystem: 'ext4',
    device: '/dev/sdb1',
    protection: 'none-seen',
    evidence: ['sdb1 is no device-mapper device'],
    ...change,
  };
}

let made = 0;

function onDisk(file: FileSighting, change: Partial<Observation>): Observation {
  made += 1;
  return {
    id: `d${made}`,
    vantage: 'disk',
    observedAt: CAPTURED_AT,
    lastSeenAt: CAPTURED_AT,
    channel: 'checkpoint-storage',
    channelBasis: 'configuration',
    roleBasis: 'protocol',
    server: { host: 'localhost', port: 0 },
    kind: 'file',
    bytes: { client: 0, server: 0 },
    file,
    ...change,
  };
}

/** A sampled directory of mode 0700 on a bare disk, but for what is changed. */
export function directory(change: Partial<FileSighting> = {}, observation: Partial<Observation> = {}): Observation {
  return onDisk(
    {
      path: DIRECTORY,
      directory: DIRECTORY,
      mode: '0700',
      owner: 'flink',
      content: 'directory',
      readableBy: 'owner',
      writableBy: 'owner',
      details: { files: 9, directories: 4, opened: 9 },
      volume: volume(),
      ...change,
    },
    observation,
  );
}

/** Files of one kind in it, of mode 0600, but for what is changed. */
export function files(
  content: string,
  change: Partial<FileSighting> = {},
  observation: Partial<Observation> = {},
): Observation {
  return onDisk(
    {
      path: `${DIRECTORY}/35c683cbff648ecdfa627c606d2073f7/chk-7/0bef65af`,
      directory: DIRECTORY,
      mode: '0600',
      owner: 'flink',
      content,
      offset: 0,
      proof: 'header of a snapshot',
      readableBy: 'owner',
      writableBy: 'owner',
      ...change,
    },
    observation,
  );
}
