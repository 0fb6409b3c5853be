import t from 'tap';
import { type PodChange, PodMembers, roleOf } from '../../src/daemon/pod-members.ts';
import { listPage, watchEvent } from '../../src/net/kubernetes-answers.ts';
import type { Pod } from '../../src/net/kubernetes-types.ts';
import { podObject, recordedKubernetes } from '../support/kubernetes-api.ts';

const said = (changes: readonly PodChange[]): readonly string[] => changes.map(({ kind, text }) => `${kind}: ${text}`);
const pod = (...args: Parameters<typeof podObject>): Pod =>
  listPage({ metadata: { resourceVersion: '1' }, items: [podObject(...args)] }).pods[0]!;

let now = 0;
const members = (...pods: readonly Pod[]): PodMembers => {
  const made = new PodMembers(() => now);
  t.strictSame(made.listed(pods), [], 'the first list changes nothing');
  return made;
};

t.test('what a real server told is told as what it was: a restart in its pod, and a successor', async (t) => {
  const pages = ['list-page-1.json', 'list-page-2.json'].flatMap(
    (file) => listPage(JSON.parse(recordedKubernetes(file))).pods,
  );
  const one = members(...pages);
  t.strictSame([one.ready('jobmanager'), one.ready('taskmanager')], [1, 2]);
  const lines = recordedKubernetes('watch.jsonl').trim().split('\n');
  const ready: number[] = [];
  const told = lines.flatMap((line) => {
    const event = watchEvent(JSON.parse(line));
    if (event.kind === 'error' || event.kind === 'bookmark') return [];
    const changes = event.kind === 'deleted' ? one.deleted(event.pod) : one.applied(event.pod);
    ready.push(one.ready('taskmanager'));
    return said(changes);
  });
  t.strictSame(told, [
    'member-gone: the taskmanager pod orders-taskmanager-1-1 has ended (OOMKilled, exit code 137)',
    'restart: the taskmanager pod orders-taskmanager-1-1 was restarted (1 restart so far)',
    'member-gone: the taskmanager pod orders-taskmanager-1-2 was deleted',
    'restart: the taskmanager pod orders-taskmanager-2-1 has started in the place of orders-taskmanager-1-2',
  ]);
  // Killed, back, told to go, gone, another made, and running.
  t.strictSame(ready, [1, 2, 2, 1, 1, 2]);
});

t.test('a restart that was missed is seen by the id of the container when it is listed again', async (t) => {
  const one = members(pod('tm', 'taskmanager', { ip: '10.0.0.1', container: 'a' }));
  const changes = one.listed([pod('tm', 'taskmanager', { ip: '10.0.0.1', container: 'b', restarts: 3 })]);
  t.strictSame(said(changes), ['restart: the taskmanager pod tm was restarted (3 restarts so far)']);
  t.strictSame(changes[0]?.came, {
    role: 'taskmanager',
    places: ['tm', '10.0.0.1'],
    startedAt: Date.parse('2026-11-22T12:00:00Z'),
  });
  t.strictSame(said(one.listed([])), ['member-gone: the taskmanager pod tm was deleted']);
});

t.test('a pod of the same name under another uid was replaced, as in a StatefulSet', async (t) => {
  const one = members(pod('tm-0', 'taskmanager', { ip: '10.0.0.1', container: 'a' }, 'u1'));
  t.strictSame(said(one.listed([pod('tm-0', 'taskmanager', { ip: '10.0.0.2', container: 'b' }, 'u2')])), [
    'member-gone: the taskmanager pod tm-0 was deleted',
    'restart: the taskmanager pod tm-0 was replaced and has started',
  ]);
});

t.test('a pod that comes where nobody went has started; so has one that comes long after', async (t) => {
  const one = members(pod('tm-1', 'taskmanager', { container: 'a' }));
  t.strictSame(said(one.applied(pod('tm-2', 'taskmanager'))), [], 'it does not run yet');
  t.strictSame(said(one.applied(pod('tm-2', 'taskmanager', { container: 'b' }))), [
    'member-back: the taskmanager pod tm-2 has started',
  ]);
  one.deleted(pod('tm-1', 'taskmanager'));
  now += 600_000;
  t.match(said(one.applied(pod('tm-3', 'taskmanager', { container: 'c' }))), [/^member-back: .*tm-3 has started$/]);
});

t.test('a JobManager is no successor of a TaskManager', async (t) => {
  const one = members(pod('tm', 'taskmanager', { container: 'a' }));
  one.deleted(pod('tm', 'taskmanager'));
  const [change] = one.applied(pod('jm', 'jobmanager', { ip: '10.0.0.9', container: 'b' }));
  t.equal(change?.kind, 'member-back');
  t.strictSame(change?.places, ['jm', '10.0.0.9', 'jobmanager'], 'REST knows the one that leads by no other name');
});

t.test('a pod that failed, or is told to end, is told once', async (t) => {
  const one = members(pod('tm', 'taskmanager', { container: 'a' }));
  const failed = pod('tm', 'taskmanager', { container: 'a', state: 'terminated', phase: 'Failed', ready: false });
  t.equal(one.applied(failed).length, 1);
  t.equal(one.applied(failed).length, 0);
  t.equal(one.deleted(failed).length, 0);
  t.equal(one.deleted(failed).length, 0, 'nor twice deleted');
});

t.test('a pod that runs and is not ready yet is not counted, and its becoming so is no event', async (t) => {
  const one = members();
  one.applied(pod('tm', 'taskmanager', { container: 'a', ready: false }));
  t.equal(one.ready('taskmanager'), 0);
  t.strictSame(one.applied(pod('tm', 'taskmanager', { container: 'a' })), []);
  t.equal(one.ready('taskmanager'), 1);
});

t.test('the address of a node is no place of a pod: others of its network have it too', async (t) => {
  const written = podObject('tm', 'taskmanager', { ip: '192.0.2.7', container: 'a' });
  const spec = { ...(written.spec as object), hostNetwork: true };
  const [one] = listPage({ metadata: { resourceVersion: '1' }, items: [{ ...written, spec }] }).pods;
  t.strictSame(members().applied(one!)[0]?.places, ['tm']);
});

t.test('a sidecar that is restarted is none of Flink; pods without a role are left alone', async (t) => {
  const container = (name: string, id: string) => ({ name, id, restarts: 0, state: { kind: 'running' } as const });
  const base = pod('tm', 'taskmanager', { container: 'a' });
  const withSidecar = (id: string): Pod => ({ ...base, containers: [container('proxy', id), ...base.containers] });
  const one = members(withSidecar('x'));
  t.strictSame(one.applied(withSidecar('y')), []);
  t.strictSame(one.applied(pod('web', 'frontend', { container: 'c' })), []);
  t.equal(roleOf({ labels: { 'app.kubernetes.io/component': 'jobmanager' } }), 'jobmanager');
  t.equal(roleOf({ labels: {} }), undefined);
});
