import type { ConfigurationLayer } from '../flink/source.ts';
import { isSecretName } from '../rules/support/secret-names.ts';
import { Unusable } from './failure.ts';

/** `-D key=value` of our own command line. Secrets are refused: every account of the machine sees arguments. */
export function dynamicLayers(texts: readonly string[]): readonly ConfigurationLayer[] {
  const entries = texts.map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw new Unusable('-D: wants key=value, as rest.port=8082');
    const [key, value] = [text.slice(0, equals).trim(), text.slice(equals + 1)];
    const option = /-D([\w.-]{1,200})=/.exec(value)?.[1];
    const secret = isSecretName(key) ? key : option !== undefined && isSecretName(option) ? option : undefined;
    if (secret !== undefined) {
      throw new Unusable(
        `-D: ${secret} is a secret, and arguments are seen by every user of the machine; leave it in a file`,
      );
    }
    return { key, value, line: 1 };
  });
  return entries.length === 0 ? [] : [{ kind: 'entries', origin: 'dynamic', entries }];
}
