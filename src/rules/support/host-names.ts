import type { Certificate } from '../../model/report.ts';

/** Whether subject alternative names (`DNS:…`, `IP:…`) hold a host name or an address. */
export function holds(held: readonly string[], name: string): boolean {
  const wanted = canonical(name);
  return held.some((entry) => {
    const at = entry.indexOf(':');
    const [kind, value] = [entry.slice(0, at), canonical(entry.slice(at + 1))];
    if (kind === 'IP') return value === wanted;
    return kind === 'DNS' && (value === wanted || matchesWildcard(value, wanted));
  });
}

/** RFC 9525 section 6.3: the asterisk stands for the whole leftmost label and for one label only. */
function matchesWildcard(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return false;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot) === pattern.slice(1);
}

export function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

export function commonName(certificate: Certificate): string | undefined {
  return /(?:^|,)\s*CN=([^,]*)/i.exec(certificate.subject)?.[1];
}
