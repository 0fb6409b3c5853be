import type { Certificate, Finding } from '../../model/report.ts';
import type { ConfigurationSubject, StoreFamily } from '../../model/rule.ts';
import {
  type Cure,
  keyShown,
  leafOf,
  nameStoreSetting,
  needStores,
  pinPlaceholder,
  pinVariable,
  subjectsOf,
} from './cure.ts';
import type { Draft } from './draft.ts';
import {
  AGREED_KEYS,
  ALGORITHMS,
  effectOf,
  FORMER_SWITCH,
  familyOfChannel,
  familyOfKey,
  HISTORY_SWITCH,
  INTERNAL_OPT_OUTS,
  INTERNAL_SWITCH,
  isOn,
  isSensitiveKey,
  listOf,
  PROTOCOL,
  REST_SWITCH,
} from './keys.ts';

/** Cures of findings by changes of settings, by rule. */
export const SETTING_CURES: Readonly<Record<string, Cure>> = {
  'clear-by-configuration': (finding, { draft }) => {
    const family = familyOfChannel(finding.channel);
    if (family === undefined) return 'by-hand';
    switchOn(draft, family, subjectsOf(finding, draft));
    if (finding.channel === 'history-server') switchHistory(draft, subjectsOf(finding, draft));
    return 'planned';
  },

  'job-submission-in-clear': (finding, { draft }) => {
    switchOn(draft, 'rest', subjectsOf(finding, draft));
    draft.decide(OPEN_REST);
    return 'planned';
  },

  'removed-tls-switch': (finding, { draft }) => {
    const own = subjectsOf(finding, draft);
    for (const subject of own) {
      const reads = !subject.configuration.atLeast('2.0');
      for (const [key, family] of [
        [INTERNAL_SWITCH, 'internal'],
        [REST_SWITCH, 'rest'],
      ] as const) {
        if (subject.configuration.setting(key) !== undefined) continue;
        draft.set(subject, key, 'true', reads ? 'nothing' : family);
        if (!reads) needStores(draft, subject, family);
      }
      draft.remove(subject, FORMER_SWITCH, 'nothing');
    }
    return 'planned';
  },

  'channel-opted-out': (finding, { draft }) => {
    if (finding.channel === 'history-server') switchHistory(draft, subjectsOf(finding, draft));
    else for (const subject of draft.subjects) optIn(draft, subject);
    return 'planned';
  },

  'unknown-tls-key': (finding, { draft }) => {
    const key = keyShown(finding.observed);
    const meant = finding.expected;
    if (key === undefined) return 'by-hand';
    for (const subject of subjectsOf(finding, draft)) {
      const setting = subject.configuration.setting(key);
      if (setting === undefined) continue;
      const isFree = draft.value(subject, meant) === undefined;
      if (isFree && fits(meant, setting.value)) {
        draft.rename(subject, key, meant, effectOf(meant));
        continue;
      }
      draft.remove(subject, key, 'nothing');
      draft.decide(
        `${subject.path}: ${key} goes, since Flink never read it; ${isFree ? `its value is none of ${meant}, which it comes nearest to` : `${meant} is set already`}.`,
      );
    }
    return 'planned';
  },

  'ignored-tls-key': (finding, { draft }) => {
    const key = keyShown(finding.observed);
    if (key === undefined) return 'by-hand';
    for (const subject of subjectsOf(finding, draft)) draft.remove(subject, key, 'nothing');
    return 'planned';
  },

  'protocol-list': (_, { draft }) => {
    setProtocol(draft);
    return 'planned';
  },
  'suites-do-not-fit-protocol': setSuites,
  'suites-refused-by-jdk': setSuites,
  'weak-suite-configured': setSuites,

  'store-setting-missing': (finding, { draft }) => {
    const key = Object.keys(finding.remediation.settings)[0] ?? '';
    const family = familyOfKey(key);
    if (family === undefined) return 'by-hand';
    const name = key.slice(`security.ssl.${family}.`.length);
    for (const subject of subjectsOf(finding, draft)) {
      if (name === 'keystore' || name === 'truststore') needStores(draft, subject, family);
      else nameStoreSetting(draft, subject, family, name);
    }
    return 'planned';
  },

  'rest-open-by-configuration': (finding, { draft }) => {
    for (const subject of subjectsOf(finding, draft)) needStores(draft, subject, 'rest');
    draft.decide(
      'The REST truststore of this plan holds the certificate of REST alone: clients log in with the same key pair, as in Flink’s guide. For other clients import their certificates or their authority as well.',
    );
    return 'planned';
  },

  'pin-not-sha1': pin,
  'pin-does-not-match-keystore': pin,

  'configurations-disagree': (finding, { draft }) => {
    for (const subject of subjectsOf(finding, draft)) agree(draft, subject);
    return 'planned';
  },
};

const OPEN_REST =
  'TLS hides what goes to REST, it keeps nobody away: jobs are still taken from whoever reaches the port. Where no network or proxy does that, set security.ssl.rest.authentication-enabled: true as well, once every client has a certificate that the REST truststore trusts.';

/** Internal TLS is on everywhere or nowhere; REST where somebody asks for it. */
function switchOn(draft: Draft, family: StoreFamily, own: readonly ConfigurationSubject[]): void {
  const key = family === 'internal' ? INTERNAL_SWITCH : REST_SWITCH;
  for (const subject of family === 'internal' ? draft.subjects : own) {
    draft.set(subject, key, 'true', family);
    needStores(draft, subject, family);
    if (family === 'internal') optIn(draft, subject);
  }
}

function optIn(draft: Draft, subject: ConfigurationSubject): void {
  for (const key of INTERNAL_OPT_OUTS) {
    const setting = subject.configuration.setting(key);
    if (setting !== undefined && !isOn(setting.value)) draft.remove(subject, key, 'internal');
  }
}

function switchHistory(draft: Draft, own: readonly ConfigurationSubject[]): void {
  for (const subject of own) draft.set(subject, HISTORY_SWITCH, 'true', 'rest');
}

/** Whether a value that stood under a wrong name can be one of the right one. */
function fits(key: string, value: string): boolean {
  const text = value.trim();
  if (/enabled$/.test(key)) return /^(?:true|false)$/i.test(text);
  if (key === PROTOCOL) return /^TLSv1(?:\.[123])?$/.test(text);
  if (key === ALGORITHMS) return listOf(text).every((one) => /^(?:TLS|SSL)_\w+$/.test(one));
  if (/fingerprint$/.test(key)) return listOf(text).every((one) => /^(?:[0-9a-f]{2}:?){20}$/i.test(one));
  return text !== '';
}

const SUITES = {
  'TLSv1.3': ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
  RSA: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  EC: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
} as const;

/** RPC takes one value. TLS 1.3 only where it was asked for and every suite is one of its own. */
function setProtocol(draft: Draft): 'TLSv1.2' | 'TLSv1.3' {
  const protocols = draft.subjects.map((subject) => listOf(draft.value(subject, PROTOCOL)));
  const suites = draft.subjects.flatMap(({ configuration }) => listOf(configuration.setting(ALGORITHMS)?.value));
  const asked = protocols.some((one) => one.includes('TLSv1.3'));
  const only = protocols.every((one) => one.length === 1 && one[0] === 'TLSv1.3');
  const new13 = suites.length > 0 && suites.every((one) => /^TLS_(?:AES|CHACHA20)_/.test(one));
  const target = only || (asked && new13) ? 'TLSv1.3' : 'TLSv1.2';
  for (const subject of draft.subjects) {
    const value = draft.value(subject, PROTOCOL);
    // TLS 1.2 is the default.
    if (value !== undefined || target === 'TLSv1.3') draft.set(subject, PROTOCOL, target, 'internal');
  }
  return target;
}

/** The same suites for all members: those that the keys of the stores can sign for. */
function setSuites(_: Finding, { draft }: { readonly draft: Draft }): 'planned' {
  const protocol = setProtocol(draft);
  const suites = protocol === 'TLSv1.3' ? SUITES['TLSv1.3'] : keyTypes(draft).flatMap((type) => SUITES[type]);
  for (const subject of draft.subjects) draft.set(subject, ALGORITHMS, suites.join(','), 'internal');
  return 'planned';
}

function keyTypes(draft: Draft): readonly ('RSA' | 'EC')[] {
  const types = (['internal', 'rest'] as const).flatMap((family) => {
    const { pair, keyType } = draft.stores[family];
    if (pair !== 'keep') return [keyType];
    const leaf = leafOf(draft, family)?.leaf;
    return leaf === undefined ? [] : [keyTypeOf(leaf)];
  });
  const found = (['RSA', 'EC'] as const).filter((one) => types.includes(one));
  return found.length > 0 ? found : ['RSA'];
}

export function keyTypeOf({ publicKey }: Certificate): 'RSA' | 'EC' {
  return /^EC/i.test(publicKey.type) ? 'EC' : 'RSA';
}

/** The SHA-1 of what the keystore holds; of a pair that is still to be made, what it will be. */
function pin(...[finding, { draft }]: Parameters<Cure>): 'planned' {
  const family = familyOfChannel(finding.channel) ?? 'internal';
  const key = `security.ssl.${family}.cert.fingerprint`;
  const isDropped = /passed over/.test(finding.message);
  for (const subject of draft.subjects) {
    if (subject.configuration.setting(key) === undefined) continue;
    if (isDropped) needStores(draft, subject, family);
    else setPin(draft, subject, family);
  }
  return 'planned';
}

export function setPin(draft: Draft, subject: ConfigurationSubject, family: StoreFamily): void {
  const key = `security.ssl.${family}.cert.fingerprint`;
  const known = draft.stores[family].pair === 'keep' ? leafOf(draft, family)?.leaf.sha1 : undefined;
  if (known === undefined) draft.set(subject, key, pinPlaceholder(family), family, pinVariable(family));
  else draft.set(subject, key, known, family);
}

/** As the others have it; where one of them is protected, all become so. */
function agree(draft: Draft, subject: ConfigurationSubject): void {
  const others = draft.subjects.filter((one) => one !== subject);
  const first = others[0];
  if (first === undefined) return;
  const on = draft.subjects.some((one) => isOn(draft.value(one, INTERNAL_SWITCH, FORMER_SWITCH)));
  if (on) switchOn(draft, 'internal', []);
  const reference = mostCommon(others, (one) => AGREED_KEYS.map((key) => draft.value(one, key) ?? '').join('\n'));
  for (const key of AGREED_KEYS) {
    const [own, wanted] = [draft.value(subject, key), draft.value(reference, key)];
    if (own === wanted || isSensitiveKey(key)) continue;
    if (wanted === undefined) draft.remove(subject, key, 'internal');
    else draft.set(subject, key, wanted, 'internal');
  }
  draft.decide(
    `${subject.member ?? subject.path} gets what ${reference.member ?? reference.path} has for the internal channels: most members have that.`,
  );
}

function mostCommon<T>(all: readonly T[], keyOf: (one: T) => string): T {
  const count = (one: T): number => all.filter((other) => keyOf(other) === keyOf(one)).length;
  return all.reduce((best, one) => (count(one) > count(best) ? one : best));
}

/** Settings of a remediation that can be written as they stand: no path or value to be filled in. */
export function concreteSettings(finding: Finding): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(finding.remediation.settings);
  const isOpen = entries.some(([key, value]) => /[<>*]|\/path\/to\//.test(`${key} ${value}`));
  return entries.length === 0 || isOpen ? undefined : finding.remediation.settings;
}
