import type { PolicyDocument } from '../model/policy.ts';

const DOCUMENT = 'PCI DSS 4.0.1';

export const policy: PolicyDocument = {
  policy: 'pci',
  title: 'PCI DSS 4.0.1, what of it TLS can show',
  about:
    'Payment Card Industry Data Security Standard, version 4.0.1. Requirement 4.2.1 is about open, public networks; every channel is judged as if it crossed one, which a segmented network may waive. Strong cryptography is that of appendix G: at least 112 bits of effective key strength. The standard names no versions and no suites; its FAQ on TLS says that SSL and early TLS are no strong cryptography and points to NIST SP 800-52. Left out, since a report can only help with them: the inventories of 4.2.1.1 and 12.3.3, revocation, and everything about people and processes.',
  requirements: [
    {
      id: 'rest-tls',
      served: 'tls',
      on: 'rest',
      required: ['on'],
      severity: 'critical',
      source: [`${DOCUMENT} 2.2.7`, `${DOCUMENT} 8.3.2`],
      reason:
        'Administrative access through browsers and interfaces of programs is encrypted, and so is what authenticates it.',
    },
    {
      id: 'internal-tls',
      served: 'tls',
      on: 'internal',
      required: ['on'],
      severity: 'critical',
      source: [`${DOCUMENT} 4.2.1`],
      reason: 'Records that may hold account numbers, and state made of them, cross RPC, data and BLOB.',
    },
    {
      id: 'trusted-peers',
      served: 'client-authentication',
      on: 'internal',
      required: ['required'],
      severity: 'high',
      source: [`${DOCUMENT} 4.2.1`],
      reason: 'Only trusted keys and certificates are accepted.',
    },
    {
      id: 'no-early-tls',
      served: 'protocol',
      forbidden: ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1'],
      severity: 'high',
      source: [`${DOCUMENT} 4.2.1`, 'PCI SSC FAQ: Does PCI DSS define which versions of TLS must be used?'],
      reason: 'Insecure versions are neither used nor fallen back to.',
    },
    {
      id: 'strong-suites',
      served: 'cipher-suite',
      forbidden: [
        '*_NULL_*',
        '*_anon_*',
        '*_EXPORT_*',
        '*_RC4_*',
        '*_RC2_*',
        '*_DES_*',
        '*_DES40_*',
        '*_3DES_*',
        '*_MD5',
      ],
      severity: 'high',
      source: [`${DOCUMENT} 4.2.1`, `${DOCUMENT} appendix G`],
      reason: 'Insecure algorithms are not supported.',
    },
    {
      id: 'rsa-key',
      certificate: 'rsa-bits',
      'at-least': 2048,
      severity: 'high',
      source: [`${DOCUMENT} appendix G`, 'NIST SP 800-57 part 1, security strengths'],
      reason: '112 bits of effective key strength take RSA of 2048 bits.',
    },
    {
      id: 'ec-key',
      certificate: 'ec-bits',
      'at-least': 224,
      severity: 'high',
      source: [`${DOCUMENT} appendix G`, 'NIST SP 800-57 part 1, security strengths'],
      reason: '112 bits of effective key strength take a curve of 224 bits.',
    },
    {
      id: 'certificate-hash',
      certificate: 'hash',
      forbidden: ['md*', 'sha1'],
      severity: 'high',
      source: [`${DOCUMENT} 4.2.1`],
      reason: 'Insecure algorithms are not supported.',
    },
    {
      id: 'not-expired',
      certificate: 'remaining-days',
      'at-least': 0,
      severity: 'high',
      source: [`${DOCUMENT} 4.2.1`],
      reason: 'Certificates are confirmed as valid and not expired.',
    },
  ],
};
