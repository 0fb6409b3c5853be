import type { Probe } from '../../model/probe.ts';
import type { Expectation, Remediation, Setting } from '../../model/report.ts';
import type { EndpointSubject, RuleContext } from '../../model/rule.ts';
import { isOlder } from './flink-version.ts';
import { remedy } from './remedies.ts';
import { settingPlace, settingText } from './text.ts';

/** Switches of whole families; all others are opt-outs of one channel. */
const MASTER_SWITCHES: ReadonlySet<string> = new Set([
  'security.ssl.internal.enabled',
  'security.ssl.rest.enabled',
  'security.ssl.enabled',
]);

/** Flink 1.18 renamed the opt-out of RPC when it moved from Akka to Pekko. */
const RPC_KEY = { old: 'akka.ssl.enabled', renamed: 'pekko.ssl.enabled', in: [1, 18] } as const;

/**
 * What mends clear text on this channel: no more than its configuration lacks, with the keys of its Flink version.
 *
 * Where the configuration asks for TLS and the wire shows none, no setting helps: the process runs with others.
 */
export function channelRemedy(subject: EndpointSubject, context: RuleContext, otherwise: Remediation): Remediation {
  const probe = subject.probe ?? context.probes.get(subject.channel);
  if (probe === undefined) return otherwise;
  return remedyFor(probe, subject.expectation, context);
}

/** As {@link channelRemedy}, for a process that is not the subject's server. */
export function remedyFor(probe: Probe, expectation: Expectation | undefined, context: RuleContext): Remediation {
  const isFlinks = probe.protection === 'internal' || probe.protection === 'rest';
  if (isFlinks && expectation?.basis === 'configuration') {
    if (expectation.tls === 'required') return restartWithConfiguration(expectation.because);
    const off = expectation.because.filter((setting) => /\.enabled$/.test(setting.key));
    if (off.length > 0 && !off.some((setting) => MASTER_SWITCHES.has(setting.key))) return withoutOptOut(off);
  }
  return remedy(probe.remedy.text, overHttps(expectation) ?? forVersion(probe.remedy.settings, context.flinkVersion));
}

/** The endpoints that the configuration itself names over http, over https. */
function overHttps(expectation: Expectation | undefined): Readonly<Record<string, string>> | undefined {
  const plain = (expectation?.because ?? []).filter((setting) => /^http:\/\//i.test(setting.value));
  if (plain.length === 0) return undefined;
  return Object.fromEntries(plain.map(({ key, value }) => [key, value.replace(/^http:/i, 'https:')]));
}

function restartWithConfiguration(because: readonly Setting[]): Remediation {
  const asked = because.find((setting) => MASTER_SWITCHES.has(setting.key)) ?? because[0];
  const said = asked === undefined ? 'asks for TLS already' : `asks for TLS already: ${settingText(asked)}`;
  return remedy(
    `The configuration ${said}. Restart the process if it was started before that, see in its log which configuration it loaded, and look for a proxy in front that ends TLS.`,
  );
}

function withoutOptOut(off: readonly Setting[]): Remediation {
  return remedy(
    `Take the opt-out ${off.map(settingPlace).join(', ')} out of the configuration of every process, or set it to true, and restart them together.`,
    Object.fromEntries(off.map((setting) => [setting.key, 'true'])),
  );
}

function forVersion(
  settings: Readonly<Record<string, string>>,
  version: string | undefined,
): Readonly<Record<string, string>> {
  if (version === undefined || !isOlder(version, RPC_KEY.in)) return settings;
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key === RPC_KEY.renamed ? RPC_KEY.old : key, value]),
  );
}
