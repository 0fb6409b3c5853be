import type { Case } from './cases.ts';
import { GCM, internalTls, restTls, type Settings } from './configuration.ts';
import { MEMBER_GONE, type Place } from './daemon-places.ts';
import { SOUND } from './journeys.ts';
import type { KeyStores } from './keystores.ts';

/** What the daemon has to tell of a fault. */
export interface Wanted {
  readonly what: string;
  /** Any of these rules, of this member and one of these channels; no channel: wherever. */
  readonly rules: readonly string[];
  readonly channels: readonly string[];
  readonly member: string;
  /** A setting that the finding has to name as what mends it. */
  readonly setting?: string;
  /** The witness that has to be against it. */
  readonly witness?: 'wire' | 'handshake' | 'record';
  /** Where it has to be told; everywhere where left out. */
  readonly places?: readonly Place[];
}

/** A TaskManager that is restarted with a fault while a daemon watches, and what has to be told, where and how soon. */
export interface DaemonJourney {
  readonly name: string;
  readonly what: string;
  /** Settings of tm2 after the restart. */
  readonly fault: (stores: KeyStores) => Settings;
  /** From when seconds count: the registration in REST, or the start of the process, which never registers. */
  readonly counted: 'from-registration' | 'from-start';
  /** Most seconds until it is told everywhere. */
  readonly within: number;
  /** Of the cluster in the daemon's settings, besides its name. */
  readonly witnesses: readonly ('handshake' | 'wire' | 'logs')[];
  readonly wanted: readonly Wanted[];
  /** `measured`: how soon it is resolved is written down, not judged. */
  readonly resolution: 'wanted' | 'measured';
}

const OTHERS = (stores: KeyStores): Settings => ({
  ...restTls(stores.rest),
  'security.ssl.rest.authentication-enabled': 'true',
  ...GCM,
});

/** Internal TLS, but on the data plane: it registers, since RPC speaks TLS. */
const DATA_OFF = (stores: KeyStores): Settings => ({
  ...internalTls(stores.internal),
  ...OTHERS(stores),
  'taskmanager.data.ssl.enabled': 'false',
});

const IN_CLEAR = ['plaintext-channel', 'plaintext-state-transfer', 'mixed-tls-and-clear'] as const;

const DATA_IN_CLEAR: Wanted = {
  what: 'the data plane of tm2 in clear',
  rules: IN_CLEAR,
  channels: ['taskmanager-data'],
  member: 'tm2',
  setting: 'taskmanager.data.ssl.enabled',
};

export const DAEMON_JOURNEYS: readonly DaemonJourney[] = [
  {
    name: 'data-off',
    what: 'tm2 restarted with TLS off on its data plane; the daemon asks',
    fault: DATA_OFF,
    counted: 'from-registration',
    within: 30,
    witnesses: ['handshake'],
    wanted: [{ ...DATA_IN_CLEAR, witness: 'handshake' }],
    resolution: 'wanted',
  },
  {
    name: 'data-off-by-wire',
    what: 'the same; the daemon only listens',
    fault: DATA_OFF,
    counted: 'from-registration',
    within: 30,
    witnesses: ['wire'],
    wanted: [{ ...DATA_IN_CLEAR, witness: 'wire' }],
    resolution: 'wanted',
  },
  {
    name: 'all-off',
    what: 'tm2 restarted with all TLS off, so that it never registers',
    fault: OTHERS,
    counted: 'from-start',
    within: 60,
    witnesses: ['handshake', 'wire', 'logs'],
    wanted: [
      { what: 'tm2 speaks clear text by the wire', rules: IN_CLEAR, channels: [], member: 'tm2', witness: 'wire' },
      { what: 'the log of tm2 says so', rules: ['log-says-clear'], channels: [], member: 'tm2', witness: 'record' },
      // A happening, which metrics and alerts do not have.
      { what: 'tm2 is missing', rules: [MEMBER_GONE], channels: [], member: 'tm2', places: ['websocket'] },
    ],
    // A JobManager may never again connect to the port to which it could not speak: the wire then says no more of it.
    resolution: 'measured',
  },
];

/** The sound cluster; `id` is the TaskManager's of this start, as one that Flink chooses is. */
export function soundCase(ids: Readonly<Record<'tm1' | 'tm2', string>>, fault?: DaemonJourney['fault']): Case {
  return {
    ...SOUND,
    settings: (member, stores, site, version) => ({
      ...(member === 'tm2' && fault ? fault(stores) : SOUND.settings(member, stores, site, version)),
      ...(member === 'jm' ? {} : { 'taskmanager.resource-id': ids[member] }),
    }),
  };
}
