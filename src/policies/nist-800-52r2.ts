import type { PolicyDocument } from '../model/policy.ts';

const DOCUMENT = 'NIST SP 800-52r2';

function gcm(kind: string): readonly string[] {
  return [`TLS_${kind}_WITH_AES_128_GCM_SHA256`, `TLS_${kind}_WITH_AES_256_GCM_SHA384`];
}

function ccm(kind: string): readonly string[] {
  return ['128_CCM', '256_CCM', '128_CCM_8', '256_CCM_8'].map((end) => `TLS_${kind}_WITH_AES_${end}`);
}

function cbc(kind: string, long: 'SHA256' | 'SHA384'): readonly string[] {
  return ['128_CBC_SHA256', `256_CBC_${long}`, '128_CBC_SHA', '256_CBC_SHA'].map(
    (end) => `TLS_${kind}_WITH_AES_${end}`,
  );
}

/** Section 3.3.1.1, TLS 1.2, by the certificate that a server has: ECDSA, RSA, DSA, DH and ECDH ones. */
const TLS12_SUITES = [
  ...gcm('ECDHE_ECDSA'),
  ...ccm('ECDHE_ECDSA'),
  ...cbc('ECDHE_ECDSA', 'SHA384'),
  ...gcm('ECDHE_RSA'),
  ...cbc('ECDHE_RSA', 'SHA384'),
  ...gcm('DHE_RSA'),
  ...ccm('DHE_RSA'),
  ...cbc('DHE_RSA', 'SHA256'),
  ...['DHE_DSS', 'DH_DSS', 'DH_RSA'].flatMap((kind) => [...gcm(kind), ...cbc(kind, 'SHA256')]),
  ...['ECDH_ECDSA', 'ECDH_RSA'].flatMap((kind) => [...gcm(kind), ...cbc(kind, 'SHA384')]),
];

export const policy: PolicyDocument = {
  policy: 'nist-800-52r2',
  title: 'NIST SP 800-52 Revision 2, servers of government-only applications',
  about:
    'Guidelines for the Selection, Configuration, and Use of TLS Implementations, August 2019. What a server shall do is high, what it should do low. Whether TLS is used at all is not its matter: the default policy asks for that. Left out: suites of its appendices C and D, revocation, extensions other than encrypt-then-MAC and supported groups, FIPS 140 validation, and the certificate fields that no rule reads.',
  requirements: [
    {
      id: 'no-tls10',
      served: 'protocol',
      forbidden: ['SSLv2', 'SSLv3', 'TLSv1'],
      severity: 'high',
      source: [`${DOCUMENT} 3.1`],
      reason: 'Such servers shall not use TLS 1.0, SSL 3.0 or SSL 2.0.',
    },
    {
      id: 'no-tls11',
      served: 'protocol',
      forbidden: ['TLSv1.1'],
      severity: 'low',
      source: [`${DOCUMENT} 3.1`],
      reason: 'Such servers should not be configured to use TLS 1.1.',
    },
    {
      id: 'tls13',
      served: 'protocol',
      required: ['TLSv1.3'],
      severity: 'high',
      source: [`${DOCUMENT} 3.1`],
      reason:
        'Servers shall support TLS 1.3 from January 1, 2024 on; TLS 1.2 may then be disabled where nobody needs it.',
    },
    {
      id: 'cipher-suite',
      served: 'cipher-suite',
      'one-of': [
        ...TLS12_SUITES,
        'TLS_AES_128_GCM_SHA256',
        'TLS_AES_256_GCM_SHA384',
        'TLS_AES_128_CCM_SHA256',
        'TLS_AES_128_CCM_8_SHA256',
      ],
      severity: 'high',
      source: [`${DOCUMENT} 3.3.1`],
      reason: 'Suites that are not listed shall not be used; those with static RSA are not among them.',
    },
    {
      id: 'encrypt-then-mac',
      served: 'encrypt-then-mac',
      required: ['on'],
      severity: 'high',
      source: [`${DOCUMENT} 3.4.2`],
      reason: 'The extension shall be supported by servers that negotiate CBC suites; the TLS of Java has it not.',
    },
    {
      id: 'nist-curve',
      served: 'named-group',
      required: ['secp256r1', 'secp384r1'],
      severity: 'high',
      source: [`${DOCUMENT} 3.4.2`],
      reason: 'Where elliptic curve suites are configured, P-256 or P-384 shall be supported.',
    },
    {
      id: 'rsa-key',
      certificate: 'rsa-bits',
      'at-least': 2048,
      severity: 'high',
      source: [`${DOCUMENT} 3.2.1`],
      reason: 'Keys shall provide at least 112 bits of security.',
    },
    {
      id: 'dsa-key',
      certificate: 'dsa-bits',
      'at-least': 2048,
      severity: 'high',
      source: [`${DOCUMENT} 3.2.1`],
      reason: 'Keys shall provide at least 112 bits of security.',
    },
    {
      id: 'ec-key',
      certificate: 'ec-bits',
      'at-least': 224,
      severity: 'high',
      source: [`${DOCUMENT} 3.2.1`],
      reason: 'Keys shall provide at least 112 bits of security.',
    },
    {
      id: 'ec-curve',
      certificate: 'curve',
      'one-of': ['secp256r1', 'secp384r1'],
      severity: 'low',
      source: [`${DOCUMENT} 3.2.1`],
      reason: 'The curve of a certificate should be P-256 or P-384.',
    },
    {
      id: 'certificate-hash',
      certificate: 'hash',
      'one-of': ['sha224', 'sha256', 'sha384', 'sha512'],
      severity: 'high',
      source: [`${DOCUMENT} 3.2.1`],
      reason: 'Certificates and those of their paths shall be signed with SHA-224 or a stronger hash.',
    },
    {
      id: 'validity',
      certificate: 'validity-days',
      'at-most': 1096,
      severity: 'low',
      source: [`${DOCUMENT} 3.2.1`],
      reason: 'A certificate should be valid for three years or less.',
    },
  ],
};
