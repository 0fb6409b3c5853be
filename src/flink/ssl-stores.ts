import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';
import type { StoreFamily, StoreRole } from '../model/rule.ts';
import { internalTlsSwitch } from './internal-tls.ts';
import { isOn, restTlsSwitch } from './rest-tls.ts';

/** A key store that a configuration names and that Flink opens by it. */
export interface NamedStore {
  readonly family: StoreFamily;
  readonly role: StoreRole;
  readonly setting: Setting;
  readonly type?: Setting;
  /** Secret: for opening the file, and for nothing else. */
  readonly password?: Setting;
  /** Secret, of the key in a keystore. */
  readonly keyPassword?: Setting;
}

export const STORE_FAMILIES: readonly StoreFamily[] = ['internal', 'rest'];

/** Whether TLS of a family is switched on, so that Flink opens its stores. */
export function isFamilyOn(configuration: EffectiveConfiguration, family: StoreFamily): boolean {
  return isOn(family === 'internal' ? internalTlsSwitch(configuration) : restTlsSwitch(configuration));
}

/** `security.ssl.FAMILY.NAME`, else `security.ssl.NAME` (`SSLUtils.getAndCheckOption`). */
export function storeSetting(
  configuration: EffectiveConfiguration,
  family: StoreFamily,
  name: string,
): Setting | undefined {
  return configuration.setting(`security.ssl.${family}.${name}`, `security.ssl.${name}`);
}

/** The stores of the families that are switched on. The types have no common key (`SecurityOptions`, 1.20 and later). */
export function namedStores(configuration: EffectiveConfiguration): readonly NamedStore[] {
  const families = STORE_FAMILIES.filter((family) => isFamilyOn(configuration, family));
  return families.flatMap((family) =>
    (['keystore', 'truststore'] as const).flatMap((role): NamedStore[] => {
      const setting = storeSetting(configuration, family, role);
      if (setting === undefined) return [];
      const type = configuration.setting(`security.ssl.${family}.${role}-type`);
      const password = storeSetting(configuration, family, `${role}-password`);
      const keyPassword = role === 'keystore' ? storeSetting(configuration, family, 'key-password') : undefined;
      return [
        {
          family,
          role,
          setting,
          ...(type === undefined ? {} : { type }),
          ...(password === undefined ? {} : { password }),
          ...(keyPassword === undefined ? {} : { keyPassword }),
        },
      ];
    }),
  );
}
