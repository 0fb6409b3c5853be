/** `GlobalConfiguration.SENSITIVE_KEYS`: values of such keys are never shown. */
const SENSITIVE =
  /password|secret|fs\.azure\.account\.key|apikey|api-key|auth-params|service-key|token|basic-auth|jaas\.config|http-headers/i;

export function isSensitive(key: string): boolean {
  return SENSITIVE.test(key);
}

/**
 * Keys and variables of clouds, libraries and habit that Flink does not mask: private keys, shared access signatures,
 * connection strings, `…_PASS`.
 */
const FURTHER =
  /private[._-]?key(?!.*(?:file|path))|fs\.azure\.sas\.|azure_storage_key|connection[._-]?string|storage[._-]?account[._-]?key|passwd|passphrase|(?:^|[._-])(?:pass|pwd)$|credentials?[._-]?json/i;
/** Names with such a word that hold something else: switches, classes, places, times, the names of Kubernetes Secrets. */
const NO_SECRET =
  /(?:[._-](?:file|path|dir|location|enabled|type|alias|provider|providers|class|url|uri|env|length|timeout|interval|backoff|ratio|id|name|names)|secretname)$|^security\.delegation\.tokens?\.|^kubernetes\.(?:secrets|env\.secretkeyref)|^containerized\..*\.secret[._-]?name|\.delegation-token\.|^security\.kerberos\.relogin/i;

/** Whether what this key, variable or option holds is a secret: a password, a token, a key of a cloud. */
export function isSecretName(name: string): boolean {
  const last = name.replace(/^.* (?:-D)?/, '');
  return (isSensitive(last) || FURTHER.test(last)) && !NO_SECRET.test(last);
}
