import { isIP, isIPv4 } from 'node:net';
import type { WebSettings } from '../daemon/settings.ts';

/** Whether only this machine can reach a listener there. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  const address = host.toLowerCase().startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
  return isIPv4(address) && address.startsWith('127.');
}

/** Whether a `Host` header names this machine as it names itself: a name of another's DNS does not. */
export function isLoopbackAuthority(authority: string): boolean {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^[\]:]+)(?::\d{1,5})?$/.exec(authority);
  if (match === null) return false;
  const host = match[1]!.replace(/^\[|\]$/g, '').toLowerCase();
  return isIP(host) > 0 ? isLoopback(host) : host === 'localhost' || host.endsWith('.localhost');
}

/** Why these settings must not be listened with; undefined: they may. */
export function listenProblem({ host, users, tls, insecure }: WebSettings): string | undefined {
  const isAuthenticated = users.length > 0 || tls?.clientAuthentication === 'require-and-verify';
  if (isLoopback(host) || isAuthenticated || insecure === 'allow') return undefined;
  return (
    `web.listen: ${host} is reachable from elsewhere, and nobody has to say who they are; set basic_auth_users, or ` +
    'client_auth_type RequireAndVerifyClientCert, or listen on 127.0.0.1, or say insecure: allow'
  );
}
