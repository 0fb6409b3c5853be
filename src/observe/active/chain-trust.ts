import type { Certificate, ChainTrust } from '../../model/report.ts';
import type { CertificateCache } from '../../x509/certificate.ts';
import { evaluateTrust } from '../../x509/trust.ts';

/** Judges a chain as sent by the anchors of the operator. `chain`: DER, leaf first, at least one certificate. */
export function chainTrust(
  chain: readonly Uint8Array[],
  anchors: readonly Uint8Array[],
  cache: CertificateCache,
): ChainTrust {
  const { trust, path, anchor } = evaluateTrust(chain, anchors, Date.now(), cache);
  const last = cache.read(chain[path.at(-1) ?? 0]!);
  switch (trust) {
    case 'anchored': {
      const text =
        anchor!.sha256 === cache.read(chain[0]!).sha256 ? 'is itself in the truststore' : `leads to ${name(anchor!)}`;
      return { verdict: 'anchored', anchor: anchor!.sha256, text };
    }
    case 'self-signed':
      return { verdict: 'self-signed', text: 'is signed by its own key and is not in the truststore' };
    case 'not-anchored':
      return { verdict: 'not-anchored', text: `leads to ${name(last)}, which is not in the truststore` };
    default:
      return {
        verdict: 'incomplete',
        missingIssuer: last.issuer,
        text: `ends with ${name(last)}, whose issuer ${last.issuer} was neither sent nor is in the truststore`,
      };
  }
}

function name({ subject, sha256 }: Certificate): string {
  return `${subject === '' ? 'empty subject' : subject} (${sha256.slice(0, 8)}…)`;
}
