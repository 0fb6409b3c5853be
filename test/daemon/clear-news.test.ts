import t from 'tap';
import { ClearNews } from '../../src/daemon/clear-news.ts';

t.test('clear text is news once, of each client, server and kind', (t) => {
  const news = new ClearNews(1000, () => 0);
  t.ok(news.isNew('tm1 6121 tm2', 'taskmanager-data'));
  t.notOk(news.isNew('tm1 6121 tm2', 'taskmanager-data'));
  t.ok(news.isNew('tm1 6121 tm2', 'taskmanager-data records'));
  t.ok(news.isNew('tm1 6121 tm3', 'taskmanager-data'));
  t.end();
});

t.test('once the two spoke TLS, or were silent for long, it is news again', (t) => {
  let now = 0;
  const news = new ClearNews(1000, () => now);
  news.isNew('tm1 6121 tm2', 'taskmanager-data');
  news.mended('tm1 6121 tm2');
  t.ok(news.isNew('tm1 6121 tm2', 'taskmanager-data'));
  now = 900;
  t.notOk(news.isNew('tm1 6121 tm2', 'taskmanager-data'));
  now = 1800;
  t.notOk(news.isNew('tm1 6121 tm2', 'taskmanager-data'), 'it was heard meanwhile');
  now = 2800;
  t.ok(news.isNew('tm1 6121 tm2', 'taskmanager-data'));
  t.end();
});

t.test('a flood of clients makes those heard longest ago news again, and takes no more room', (t) => {
  const news = new ClearNews(1000, () => 0);
  t.ok(news.isNew('first', 'x'));
  for (let client = 0; client < 10_000; client++) {
    news.isNew(`client ${client}`, 'x');
    if (client === 5000) t.notOk(news.isNew('first', 'x'));
  }
  t.notOk(news.isNew('first', 'x'), 'heard since the oldest of them');
  t.ok(news.isNew('client 0', 'x'));
  t.end();
});
