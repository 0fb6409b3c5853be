import type { Certificate } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import {
  certificateEvidence,
  certificateText,
  presentedCertificates,
  withoutCertificate,
} from './support/certificates.ts';
import { isAtLeast, type Release } from './support/flink-version.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { canonical, commonName, holds } from './support/host-names.ts';
import { keystoreRemedy, remedy } from './support/remedies.ts';
import { distinct } from './support/text.ts';

/** The first release whose `NettyClient` compares the certificate with the host (FLINK-40727, seen with 2.3.0). */
const CHECKS_NAMES: Release = [2, 3];

/**
 * Certificate on the data port of a TaskManager that does not name its host, where Flink is known to check that.
 *
 * Java takes the canonical name of the address that it connects to, which is the address itself where nothing maps it
 * back: the name that the cluster advertises is the best that can be known of it from here. What may be right under a
 * longer name, and what only holds the address, is left undecided.
 */
export const rule: EndpointRule = {
  id: 'data-certificate-does-not-name-host',
  scope: 'endpoint',
  title: 'Data certificate does not name its TaskManager',
  severity: 'medium',
  rationale:
    'Flink 2.3.0 compares the host name with the certificate where TaskManagers connect to the data port of each other; older versions did not, and a certificate that all processes share names no host. The handshake fails (SSLHandshakeException: No name matching … found), and the job restarts without end, while REST shows every TaskManager as registered.',
  decides:
    'From Flink 2.3 on: compares the leaf certificate of the data port with the names by which the TaskManager is advertised and with its address. The common name counts where no alternative name is a DNS name; a captured connection that went on proves that the name was found.',
  verdicts: {
    pass: 'the certificate names the TaskManager, or a peer has taken it',
    fail: 'it names neither name nor address: TaskManagers refuse each other',
    inconclusive:
      'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets), or it holds only the address or a longer name that may be the right one',
    'not-applicable':
      'no TLS was seen at the endpoint, or no handshake came as far as a certificate; or it is another channel, an older version of Flink or an unknown one (--flink-version)',
  },
  remediation: remedy(
    'Issue the internal certificate with the names and addresses of all TaskManagers, or with a wildcard for their domain (keytool -ext SAN=dns:tm1,dns:tm2,ip:10.0.0.2), into the keystore of every process, and restart them together.',
  ),
  references: ['FLINK-40727', 'https://www.rfc-editor.org/rfc/rfc9525#section-6.3'],

  appliesTo(subject: EndpointSubject, { flinkVersion }: RuleContext): boolean {
    return subject.channel === 'taskmanager-data' && hasTls(subject) && isAtLeast(flinkVersion, CHECKS_NAMES);
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const leaves = presentedCertificates(subject).filter((one) => one.role === 'server' && one.position === 0);
    if (leaves.length === 0) return [{ verdict: withoutCertificate(subject) }];
    const names = advertisedNames(subject);
    return leaves.map((one): Judgement => {
      // Whoever went on after the certificate has not missed a name in it.
      const isTaken = one.observations.some(
        ({ vantage, tls }) => vantage === 'passive' && tls.outcome === 'established',
      );
      const standing = isTaken ? 'named' : naming(one.certificate, names, subject.server.host);
      if (standing !== 'missing') return { verdict: standing === 'named' ? 'pass' : 'inconclusive' };
      const wanted = [...names, subject.server.host].join(' or ');
      const held = heldNames(one.certificate);
      return {
        verdict: 'fail',
        discriminator: one.certificate.sha256,
        message: `Flink ${context.flinkVersion} checks host names on the data channel: TaskManagers refuse ${certificateText(one.certificate)}, which does not name ${wanted}. Jobs whose tasks exchange data restart without end, while REST shows all TaskManagers.`,
        expected: `${wanted} among the names of the certificate`,
        observed: held.length === 0 ? 'no name of a host' : held.join(', '),
        evidence: certificateEvidence(
          one,
          `${certificateText(one.certificate)} names ${held.length === 0 ? 'no host' : held.join(', ')}`,
        ),
        remediation: keystoreRemedy(
          subject,
          context,
          `Issue a certificate that names every TaskManager, ${wanted} among them (keytool -ext SAN=dns:…,ip:…).`,
        ),
      };
    });
  },
};

/** As REST, the user, a hosts file or a configuration call the process; not names that only tell two of a host apart. */
function advertisedNames({ server, observations }: EndpointSubject): readonly string[] {
  const asked = tlsObservations(observations).map((one) => one.asked?.name);
  return distinct([...asked, server.member]).filter((name) => name !== server.host && HOST_NAME.test(name));
}

const HOST_NAME = /^(?!\d+(?:\.\d+){3}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;

/** `sun.security.util.HostnameChecker`: the common name counts where no alternative name is a DNS name. */
function naming(certificate: Certificate, names: readonly string[], host: string): 'named' | 'missing' | 'unknown' {
  const held = heldNames(certificate);
  if (names.some((name) => holds(held, name))) return 'named';
  if (holds(held, host)) return names.length === 0 ? 'named' : 'unknown';
  const dns = held.filter((name) => name.startsWith('DNS:')).map((name) => canonical(name.slice('DNS:'.length)));
  if (names.length === 0) return dns.length > 0 ? 'unknown' : 'missing';
  return dns.some((long) => names.some((name) => mayBeLonger(long, name))) ? 'unknown' : 'missing';
}

/** `tm1.flink.svc` and `*.flink.svc` may be what `tm1` resolves to. */
function mayBeLonger(long: string, name: string): boolean {
  const short = canonical(name);
  return long.startsWith(`${short}.`) || (long.startsWith('*.') && !short.includes('.'));
}

function heldNames(certificate: Certificate): readonly string[] {
  const held = certificate.subjectAltNames.filter((name) => /^(?:DNS|IP):/.test(name));
  const common = commonName(certificate);
  const counts = common !== undefined && HOST_NAME.test(common) && !held.some((name) => name.startsWith('DNS:'));
  return counts ? [...held, `DNS:${common}`] : held;
}
