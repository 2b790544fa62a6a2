// Percentiles of the last minute against what is normal.

import { h } from './dom.js';
import { count, seconds } from './format.js';

const rows = [
  { id: 'first_token_seconds', name: 'First token', normal: 'below 1 s', warn: 1, bad: 5 },
  { id: 'per_token_seconds', name: 'Each further token', normal: 'below 100 ms', warn: 0.1, bad: 0.3 },
  { id: 'queue_seconds', name: 'Waiting to start', normal: 'below 200 ms', warn: 0.2, bad: 2 },
];

export class Latency {
  constructor(box) {
    this.body = h('tbody');
    this.speed = h('p', { class: 'hint' });
    box.append(
      h('table', { class: 'plain' },
        h('thead', null, h('tr', null, ['', 'Median', 'p95', 'p99', 'Normal', 'Counted'].map((name, i) => h('th', { scope: 'col', class: i > 3 ? 'muted' : null }, name || h('span', { class: 'visually-hidden' }, 'What'))))),
        this.body),
      this.speed);
  }

  draw(store) {
    const { activity } = store.snapshot;
    const mark = JSON.stringify(activity);
    if (mark === this.mark) {
      return;
    }
    this.mark = mark;
    this.body.replaceChildren(...rows.map((row) => {
      const d = activity[row.id];
      const cell = (value) => h('td', { 'data-level': d.count === 0 ? null : value > row.bad ? 'bad' : value > row.warn ? 'warn' : 'good' }, d.count === 0 ? '–' : seconds(value));
      return h('tr', { 'data-latency': row.id }, h('th', { scope: 'row' }, row.name), cell(d.p50), cell(d.p95), cell(d.p99),
        h('td', { class: 'muted' }, row.normal), h('td', { class: 'muted' }, count(d.count)));
    }));
    this.speed.textContent =
      `${count(activity.generated_tokens_per_second)} tokens/s generated, ${count(activity.prompt_tokens_per_second)} tokens/s of prompts computed, all devices together.`;
  }
}
