import type { Protection } from '../../model/channel.ts';
import type { EndpointSubject, RuleContext } from '../../model/rule.ts';

/** How the channel of a subject can be protected; undefined for `unknown`. */
export function protectionOf(subject: EndpointSubject, context: RuleContext): Protection | undefined {
  return subject.probe?.protection ?? context.probes.get(subject.channel)?.protection;
}

export function isInternal(subject: EndpointSubject, context: RuleContext): boolean {
  return protectionOf(subject, context) === 'internal';
}

/** REST, history server, SQL gateway: one-way TLS with a certificate that clients check by name. */
export function isRest(subject: EndpointSubject, context: RuleContext): boolean {
  return protectionOf(subject, context) === 'rest';
}
