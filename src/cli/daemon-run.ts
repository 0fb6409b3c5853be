import { setImmediate as turn } from 'node:timers/promises';
import type { RunRequest } from '../daemon/cluster.ts';
import type { ClusterSettings, Credentials, StoreSetting } from '../daemon/settings.ts';
import type { Run } from '../daemon/types.ts';
import { waiversFor } from '../evaluate/waivers.ts';
import type { Channel } from '../model/channel.ts';
import type { Report } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';
import { ownAddresses } from '../net/own-addresses.ts';
import type { GivenStore } from '../observe/key-stores.ts';
import { ownLines } from '../observe/own-lines.ts';
import { placeOf, secretOf } from './secret-settings.ts';
import type { VerificationRequest } from './verification-plan.ts';
import type { VerifyArguments } from './verify-options.ts';

/** What a run of the daemon says besides its report. */
export type Tell = (line: string) => void;
/** Told of TLS handshakes of ours: milliseconds from our ClientHello to the end of the server's flight. */
export type Handshook = (channel: Channel, milliseconds: number) => void;

/**
 * Makes one run of a cluster: reads the captures that its settings name; else asks its endpoints, or, where `active` is
 * `off`, reads its files and nothing else.
 *
 * @throws Unusable where the settings name nothing that can be used
 */
export function runCluster(
  request: RunRequest,
  waivers: readonly Waiver[],
  tell: Tell,
  handshook?: Handshook,
): Promise<Report> {
  const own = waiversFor(request.settings.name, waivers);
  const { captures, active } = request.settings;
  if (captures.length > 0) return analysed(request, own, tell);
  return active === 'off' ? audited(request, own, tell) : verified(request, own, tell, handshook);
}

async function analysed(
  { signal, storesRead: _, ...request }: RunRequest,
  waivers: readonly Waiver[],
  tell: Tell,
): Promise<Report> {
  const { analyseInThread } = await import('./capture-thread.ts');
  return analyseInThread({ ...request, waivers }, { signal, tell });
}

/** Nothing is asked of anybody. Files may be copies, so that no state directory of this machine is meant by them. */
async function audited(
  { settings, baseline, signal, storesRead }: RunRequest,
  waivers: readonly Waiver[],
  tell: Tell,
): Promise<Report> {
  const { audit } = await import('./auditing.ts');
  const { readConfigurations } = await import('./configuration-sources.ts');
  const { logWitness } = await import('./log-witness.ts');
  const { readPolicy } = await import('./policy-option.ts');
  const { compareWithBaseline } = await import('../evaluate/baseline.ts');
  const policy = await readPolicy(settings.policy);
  const report = await audit(
    {
      configurations: await readConfigurations({ conf: settings.configurations }),
      keystores: settings.keystores.map(storeOf),
      logs: settings.logs,
      stateDirectories: [],
      ...(settings.flinkVersion === undefined ? {} : { flinkVersion: settings.flinkVersion }),
      ...(policy === undefined ? {} : { policy }),
      waivers,
      failOn: settings.failOn,
      now: Date.now(),
      machine: 'any',
      signal,
      warn: tell,
      ...(storesRead === undefined ? {} : { storesRead }),
    },
    [logWitness],
  );
  return baseline === undefined ? report : compareWithBaseline(report, baseline.report, nameOf(baseline));
}

async function verified(
  { settings, baseline, trigger, signal, storesRead }: RunRequest,
  waivers: readonly Waiver[],
  tell: Tell,
  handshook: Handshook = () => undefined,
): Promise<Report> {
  const { prepare } = await import('./verify-run.ts');
  const { verify, withInstruments } = await import('./verification.ts');
  const { request, planned, instruments } = await prepare(argumentsOf(settings), {
    signal,
    waivers,
    keystores: settings.keystores.map(storeOf),
    warn: tell,
    done: ({ channel }, handshakesMs) => {
      for (const milliseconds of handshakesMs) handshook(channel, milliseconds);
    },
    ...(storesRead === undefined ? {} : { storesRead }),
    ...(baseline === undefined ? {} : { baseline: { path: nameOf(baseline), report: baseline.report } }),
  });
  tell(`${trigger}: ${planned.located.targets.length} endpoints`);
  const asked = planned.located.targets.map(({ address }) => address);
  const report = await withInstruments(instruments, () =>
    verify(planned, withoutOwnLines(request, asked), instruments),
  );
  // To judge and to keep it takes some 20 ms each: others have their turn in between.
  await turn();
  return report;
}

/** Logs remember the probes of all earlier runs: what those provoked accuses nobody. */
function withoutOwnLines(request: VerificationRequest, asked: readonly string[]): VerificationRequest {
  const { record } = request;
  if (record === undefined) return request;
  const isOurs = ownLines({ own: ownAddresses(), asked });
  return { ...request, record: { ...record, observations: record.observations.filter((one) => !isOurs(one)) } };
}

const nameOf = ({ id }: Run): string => `run ${id}`;

/** The settings of a cluster as the arguments of `verify`, which know all that has to be checked. */
export function argumentsOf(settings: ClusterSettings): VerifyArguments {
  const { rest } = settings;
  const identities = byFamily(settings, 'identity');
  const truststores = byFamily(settings, 'truststore');
  return {
    format: [],
    failOn: settings.failOn,
    conf: [...settings.configurations],
    redact: false,
    quiet: true,
    verbose: false,
    color: false,
    wide: false,
    plain: false,
    ...(settings.flinkVersion === undefined ? {} : { flinkVersion: settings.flinkVersion }),
    ...(settings.names === undefined ? {} : { names: settings.names }),
    ...(settings.policy === undefined ? {} : { policy: settings.policy }),
    target: [...settings.targets],
    targets: [],
    log: [...settings.logs],
    capture: [],
    keystore: [],
    ...(rest === undefined ? {} : { rest: rest.url }),
    ...(rest?.token === undefined ? {} : { restAuthorization: `Bearer ${secretOf('rest', rest.token)}` }),
    ...(rest?.basic === undefined
      ? {}
      : { restAuthorization: `${rest.basic.user}:${secretOf('rest', rest.basic.password)}` }),
    insecureRest: false,
    restLogs: false,
    profile: settings.profile,
    identity: identities.map(([family, { file }]) => `${family}=${file}`),
    identityPasswordFile: passwords(identities, 'file'),
    identityPasswordEnv: passwords(identities, 'env'),
    truststore: truststores.map(([family, { file }]) => `${family}=${file}`),
    truststorePasswordFile: passwords(truststores, 'file'),
    truststorePasswordEnv: passwords(truststores, 'env'),
    dryRun: false,
    associate: false,
    parallel: settings.parallel,
    timeout: `${settings.timeoutMs}ms`,
  };
}

type FamilyStore = readonly [family: 'internal' | 'rest', store: StoreSetting];

function byFamily(settings: ClusterSettings, which: keyof Credentials): readonly FamilyStore[] {
  const { internal, restCredentials: rest } = settings;
  return [['internal', internal[which]] as const, ['rest', rest[which]] as const].flatMap(([family, store]) =>
    store === undefined ? [] : [[family, store] as const],
  );
}

function passwords(stores: readonly FamilyStore[], kind: 'file' | 'env'): string[] {
  return stores.flatMap(([family, { password }]) => {
    const place = password === undefined ? undefined : placeOf(password);
    return place?.kind === kind ? [`${family}=${place.text}`] : [];
  });
}

/** Each store has its own passwords, read when it is. */
function storeOf({ file, password, keyPassword }: StoreSetting): GivenStore {
  return {
    path: file,
    ...(password === undefined ? {} : { password: secretOf('keystores.password', password) }),
    ...(keyPassword === undefined ? {} : { keyPassword: secretOf('keystores.key_password', keyPassword) }),
  };
}

/** One endpoint, for `/probe`: as `verify` asks it. */
export async function probeTarget(
  target: string,
  profile: VerifyArguments['profile'],
  means: { readonly settings: ClusterSettings; readonly signal: AbortSignal; readonly tell: Tell },
): Promise<Report> {
  const { settings, signal, tell } = means;
  const { rest: _, ...others } = settings;
  const asked = {
    ...others,
    active: 'on' as const,
    targets: [target],
    configurations: [],
    captures: [],
    logs: [],
    keystores: [],
    profile,
  };
  return runCluster({ settings: asked, trigger: 'request', signal }, [], tell);
}
