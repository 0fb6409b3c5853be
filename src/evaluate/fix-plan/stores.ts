import { shellWord } from '../../bytes/shell-word.ts';
import type { Setting } from '../../model/report.ts';
import type { StoreFamily, StoreRole } from '../../model/rule.ts';
import { leafOf, passwordVariable, pinVariable, storePath, storesOf } from './cure.ts';
import type { Draft } from './draft.ts';
import { isSharedStore } from './drafted.ts';
import { folderOf, storeKeys } from './keys.ts';
import { asksFor, invents } from './shell.ts';

/** Folder in which the new stores are made: nothing that runs reads it. */
export const WORKSHOP = 'flink-stores';

/** `overlap`: for a while the truststore holds the old and the new certificate. */
export type Exchange = 'at-once' | 'overlap';

/** Days that a certificate of ours is valid; browsers refuse more than 398, and nothing of Flink's renews it. */
const VALID_DAYS = 365;
/** As Flink's guide has it; 3072 bits are 128 bits of strength (NIST SP 800-57 part 1). */
const RSA = '-keyalg RSA -keysize 3072 -sigalg SHA256withRSA';
const EC = '-keyalg EC -groupname secp256r1 -sigalg SHA256withECDSA';

export function hasStoreWork(draft: Draft): boolean {
  return (['internal', 'rest'] as const).some((family) => isTouched(draft, family));
}

/** A pin that is not known yet wants the certificate as well. */
function isTouched(draft: Draft, family: StoreFamily): boolean {
  const { pair, truststore, passwords } = draft.stores[family];
  return pair !== 'keep' || truststore !== 'keep' || passwords !== 'keep' || isWritten(draft, pinVariable(family));
}

function isWritten(draft: Draft, variable: string): boolean {
  return draft.files.some(({ changes }) => [...changes.values()].some((one) => one.variable === variable));
}

/** Lines that put every password into the environment that later lines take from there. */
export function passwordLines(draft: Draft): readonly string[] {
  const lines: string[] = [];
  for (const family of ['internal', 'rest'] as const) {
    for (const role of ['keystore', 'truststore'] as const) lines.push(...passwordOf(draft, family, role));
  }
  return lines;
}

function passwordOf(draft: Draft, family: StoreFamily, role: StoreRole): readonly string[] {
  const variable = passwordVariable(family, role);
  const work = draft.stores[family];
  const isMade =
    role === 'keystore' ? isTouched(draft, family) : work.truststore !== 'keep' || work.passwords !== 'keep';
  if (!isWritten(draft, variable) && !(isMade && isUsed(draft, family, role))) return [];
  const known = configured(draft, family, role);
  const isNew = role === 'keystore' ? work.pair !== 'keep' : work.truststore === 'own';
  if (work.passwords === 'change') {
    const old = known === undefined ? [] : [asksFor(`${variable}_OLD`, placeText(known))];
    return [...old, invents(variable)];
  }
  if (known !== undefined) return [asksFor(variable, placeText(known))];
  return isNew ? [invents(variable)] : [asksFor(variable, `password of ${storePath(draft, undefined, family, role)}`)];
}

function isUsed(draft: Draft, family: StoreFamily, role: StoreRole): boolean {
  return role === 'keystore' || !isSharedStore(draft, family);
}

function configured(draft: Draft, family: StoreFamily, role: StoreRole): Setting | undefined {
  const keys = storeKeys(family, `${role}-password`);
  return draft.subjects.map(({ configuration }) => configuration.setting(...keys)).find((one) => one !== undefined);
}

function placeText({ key, file, line }: Setting): string {
  return `${key}, as in ${file ?? 'the configuration'}${line === undefined ? '' : `:${line}`}`;
}

/** Lines that make the new stores in the workshop, on one machine. */
export function makingLines(draft: Draft, exchange: Exchange): readonly string[] {
  const lines = ['umask 077', `mkdir -p ${WORKSHOP}`];
  for (const family of ['internal', 'rest'] as const) {
    const work = draft.stores[family];
    if (!isTouched(draft, family)) continue;
    if (work.pair === 'keep') lines.push(...certificateOf(draft, family));
    else lines.push(...newPair(draft, family));
    if (work.truststore !== 'keep' && !isSharedStore(draft, family))
      lines.push(...newTruststore(draft, family, exchange));
    if (work.passwords === 'change') lines.push(...otherPasswords(draft, family));
  }
  return lines;
}

function file(family: StoreFamily, role: string): string {
  return `${WORKSHOP}/${family}-${role}.p12`;
}

function newPair(draft: Draft, family: StoreFamily): readonly string[] {
  const { pair, keyType } = draft.stores[family];
  const names = namesOf(draft, family);
  const store = `-keystore ${file(family, 'keystore')} -storepass:env ${passwordVariable(family, 'keystore')}`;
  const san = names.length === 0 ? '' : ` -ext SAN=${names.join(',')}`;
  const alias = `flink.${family}`;
  const made = [
    ...(san.includes('$') ? [`: "\${FLINK_REST_HOST:?set it to the name by which clients call REST}"`] : []),
    `keytool -genkeypair -alias ${alias} -dname CN=${alias} ${keyType === 'EC' ? EC : RSA} -validity ${VALID_DAYS}${san} -storetype PKCS12 ${store}`,
  ];
  if (pair === 'ask-authority') {
    return [
      ...made,
      `keytool -certreq -alias ${alias}${san} -file ${WORKSHOP}/${family}.csr ${store}`,
      `# Have the authority sign ${WORKSHOP}/${family}.csr, and put leaf, intermediates and root into ${WORKSHOP}/${family}-chain.pem. Then:`,
      `keytool -importcert -noprompt -trustcacerts -alias ${alias} -file ${WORKSHOP}/${family}-chain.pem ${store}`,
      ...shown(family, `keytool -exportcert -rfc -alias ${alias} -file ${WORKSHOP}/${family}.pem ${store}`),
    ];
  }
  return [
    ...made,
    ...shown(family, `keytool -exportcert -rfc -alias ${alias} -file ${WORKSHOP}/${family}.pem ${store}`),
  ];
}

/** The certificate as PEM, its dates, and the pin that Flink would take for it. */
function shown(family: StoreFamily, exporting: string): readonly string[] {
  return [exporting, `openssl x509 -in ${WORKSHOP}/${family}.pem -noout -subject -enddate -fingerprint -sha1`];
}

/** Of the pair that stays, out of its store. */
function certificateOf(draft: Draft, family: StoreFamily): readonly string[] {
  const own = leafOf(draft, family);
  const path = own?.path ?? storePath(draft, undefined, family, 'keystore');
  const alias = own?.alias === undefined ? '' : ` -alias ${shellWord(own.alias)}`;
  const variable = passwordVariable(family, 'keystore');
  const password = draft.stores[family].passwords === 'change' ? `${variable}_OLD` : variable;
  return shown(
    family,
    `keytool -exportcert -rfc${alias} -file ${WORKSHOP}/${family}.pem -keystore ${shellWord(path)} -storepass:env ${password}`,
  );
}

function newTruststore(draft: Draft, family: StoreFamily, exchange: Exchange): readonly string[] {
  const variable = passwordVariable(family, 'truststore');
  const imported = (alias: string, store: string): string =>
    `keytool -importcert -noprompt -alias ${alias} -file ${WORKSHOP}/${family}.pem -storetype PKCS12 -keystore ${store} -storepass:env ${variable}`;
  const old = shellWord(storePath(draft, undefined, family, 'truststore'));
  const both = file(family, 'truststore-both');
  if (draft.stores[family].truststore === 'add-own') {
    return [`cp ${old} ${file(family, 'truststore')}`, imported(`flink.${family}.own`, file(family, 'truststore'))];
  }
  const own = imported(`flink.${family}`, file(family, 'truststore'));
  // The alias of the old one may be the same.
  return exchange === 'overlap' && family === 'internal'
    ? [`cp ${old} ${both}`, imported(`flink.${family}.next`, both), own]
    : [own];
}

function otherPasswords(draft: Draft, family: StoreFamily): readonly string[] {
  const { pair, truststore } = draft.stores[family];
  const changed = (role: StoreRole): readonly string[] => {
    const store = storesOf(draft, family, role)[0];
    if (store === undefined || configured(draft, family, role) === undefined) return [];
    const variable = passwordVariable(family, role);
    return [
      `cp ${shellWord(store.store.path)} ${file(family, role)}`,
      `keytool -storepasswd -new:env ${variable} -keystore ${file(family, role)} -storepass:env ${variable}_OLD`,
    ];
  };
  return [
    ...(pair === 'keep' ? changed('keystore') : []),
    ...(truststore === 'keep' && !isSharedStore(draft, family) ? changed('truststore') : []),
  ];
}

/** What a certificate is called: all hosts that the configurations name. */
function namesOf(draft: Draft, family: StoreFamily): readonly string[] {
  const keys = family === 'internal' ? [...REST_HOSTS, 'taskmanager.host'] : REST_HOSTS;
  const hosts = draft.subjects.flatMap(({ configuration }) =>
    keys.map((key) => configuration.setting(key)?.value.trim()),
  );
  const names = [...new Set(hosts)].flatMap((host) => (host === undefined ? [] : nameOf(host)));
  if (names.length > 0 || family === 'internal') return names;
  return ['dns:$FLINK_REST_HOST'];
}

const REST_HOSTS = [
  'rest.address',
  'jobmanager.rpc.address',
  'historyserver.web.address',
  'sql-gateway.endpoint.rest.address',
] as const;

function nameOf(host: string): readonly string[] {
  if (/^(?:0\.0\.0\.0|::|localhost|127\..*|)$/.test(host)) return [];
  if (/^[\d.]+$/.test(host) || host.includes(':')) return /^[\d.a-f:]+$/i.test(host) ? [`ip:${host}`] : [];
  return /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(host) ? [`dns:${host}`] : [];
}

/** Which of the new files goes where. */
export type Delivery = 'truststore-both' | 'keystore' | 'truststore';

/** Lines that put new stores in their places on a host, for each path that a configuration has for them. */
export function installLines(draft: Draft, wanted: (family: StoreFamily, one: Delivery) => boolean): readonly string[] {
  const lines: string[] = [];
  for (const family of ['internal', 'rest'] as const) {
    const work = draft.stores[family];
    const isShared = isSharedStore(draft, family);
    for (const one of ['truststore-both', 'keystore', 'truststore'] as const) {
      const role = one === 'keystore' ? 'keystore' : 'truststore';
      const isMade =
        role === 'keystore'
          ? work.pair !== 'keep' || work.passwords === 'change'
          : !isShared && (work.truststore !== 'keep' || work.passwords === 'change');
      if (!isMade || !wanted(family, one)) continue;
      const paths = new Map<string, string[]>();
      for (const subject of draft.subjects) {
        const path = storePath(draft, subject, family, role);
        paths.set(path, [...(paths.get(path) ?? []), subject.member ?? '']);
      }
      for (const [path, members] of paths) {
        const on = paths.size > 1 ? `  # on ${members.join(', ')}` : '';
        lines.push(
          `mkdir -p ${shellWord(folderOf(path))} && install -m 0600 ${file(family, one)} ${shellWord(path)}${on}`,
        );
      }
    }
  }
  return lines;
}

/** Lines that give the environment the pins of the pairs that were made. */
export function pinLines(draft: Draft): readonly string[] {
  return (['internal', 'rest'] as const).flatMap((family) => {
    const variable = pinVariable(family);
    return isWritten(draft, variable)
      ? [
          `export ${variable}="$(openssl x509 -in ${WORKSHOP}/${family}.pem -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')"`,
        ]
      : [];
  });
}
