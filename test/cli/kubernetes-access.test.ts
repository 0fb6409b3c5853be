import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { kubernetesAccess, podsOf } from '../../src/cli/kubernetes-access.ts';
import { KubernetesApi } from '../support/kubernetes-api.ts';
import { Mounted } from '../support/mounted.ts';
import { temporary } from '../support/temporary.ts';

const SELECTOR = { selector: 'app=orders' };

const IN_POD = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

t.test('in a pod, address, authority and token are its own, read anew after a swap', async (t) => {
  const serviceAccount = temporary();
  const own = { environment: IN_POD, serviceAccount };
  const mounted = new Mounted(serviceAccount, { token: 'first\n', 'ca.crt': 'CA 1', namespace: 'monitoring' });
  t.strictSame(kubernetesAccess(SELECTOR, own), { url: 'https://10.96.0.1:443', token: 'first', ca: 'CA 1' });
  mounted.write({ token: 'second', 'ca.crt': 'CA 2', namespace: 'monitoring' });
  t.strictSame(kubernetesAccess(SELECTOR, own), { url: 'https://10.96.0.1:443', token: 'second', ca: 'CA 2' });
  const ipv6 = { ...own, environment: { ...IN_POD, KUBERNETES_SERVICE_HOST: 'fd00::1' } };
  t.equal(kubernetesAccess(SELECTOR, ipv6).url, 'https://[fd00::1]:443');
});

t.test('each request shows the token that is in the file then, and asks for the namespace of the pod', async (t) => {
  const serviceAccount = temporary();
  const api = await KubernetesApi.start();
  t.teardown(() => api.close());
  const token = path.join(serviceAccount, 'renewed');
  const pods = podsOf({ ...SELECTOR, api: api.url, token: { kind: 'file', path: token } }, 1000, {
    environment: {},
    serviceAccount,
  });
  for (const one of ['first', 'second']) {
    writeFileSync(token, `${one}\n`);
    await pods.list(new AbortController().signal);
  }
  t.strictSame(api.authorizations, ['Bearer first', 'Bearer second']);
  t.equal(api.asked[0]?.pathname, '/api/v1/namespaces/default/pods');
  writeFileSync(path.join(serviceAccount, 'namespace'), 'monitoring');
  await podsOf({ ...SELECTOR, api: api.url }, 1000, { environment: {}, serviceAccount }).list(
    new AbortController().signal,
  );
  t.equal(api.asked[2]?.pathname, '/api/v1/namespaces/monitoring/pods');
  t.equal(api.authorizations[2], undefined, 'its own token is for its own server only');
});

t.test('elsewhere than in a pod it is said what is missing', async (t) => {
  const serviceAccount = temporary();
  const own = { environment: {}, serviceAccount };
  t.throws(() => kubernetesAccess(SELECTOR, own), /kubernetes\.token: .*token/);
  writeFileSync(path.join(serviceAccount, 'token'), 'x');
  t.throws(
    () => kubernetesAccess(SELECTOR, own),
    /kubernetes\.api: is needed where the daemon does not run in a pod|kubernetes\.ca/,
  );
  t.throws(() => kubernetesAccess({ ...SELECTOR, api: 'https://api', ca: '/nowhere.pem' }, own), /kubernetes\.ca: /);
});
