import { writeFileSync } from 'node:fs';

/** A certificate for loopback that is its own authority: clients trust it by NODE_EXTRA_CA_CERTS or `ca`. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const YEARS = 2;

/** Makes a certificate for localhost, 127.0.0.1, ::1 and `host`; the clock of the system decides from when it holds. */
export async function makeCertificate(host = '127.0.0.1', now = new Date()): Promise<Certificate> {
  const notBeforeDate = new Date(now.getTime() - 24 * 3600 * 1000);
  const notAfterDate = new Date(now.getTime());
  notAfterDate.setFullYear(notAfterDate.getFullYear() + YEARS);
  // Its cryptography costs more to load than the whole exchange without it.
  const { generate } = await import('selfsigned');
  const names = new Set(['127.0.0.1', '::1', host]);
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec', curve: 'P-256', algorithm: 'sha256', notBeforeDate, notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [{ type: 2, value: 'localhost' }, ...[...names].map((name) => (/^[\d.]+$|:/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name }))],
      },
    ],
  });
  return { key: pems.private, cert: pems.cert };
}

/** Writes the certificate, not its key, where clients can be pointed at it: NODE_EXTRA_CA_CERTS, SSL_CERT_FILE. */
export function writeAuthority(certificate: Certificate, path: string): void {
  writeFileSync(path, certificate.cert);
}
