// Tokens of history by where they came from, and how good the choice between loading and computing was.

import { h } from './dom.js';
import { count, counted, percent, seconds } from './format.js';

const tiers = [
  { id: 'resident', name: 'On the device', of: (part) => (part.source === 'resident' ? part.cached_tokens : 0) },
  { id: 'loaded', name: 'Loaded from the cold store', of: (part) => (part.source === 'loaded' ? part.cached_tokens : 0) },
  { id: 'recomputed', name: 'Computed again', of: (part) => part.recomputed_tokens },
];

export class Hits {
  constructor(box) {
    this.box = box;
  }

  draw(store) {
    const { attached, misses } = store.snapshot.activity;
    const amounts = tiers.map((tier) => ({ ...tier, tokens: attached.reduce((sum, part) => sum + tier.of(part), 0) }));
    const all = amounts.reduce((sum, tier) => sum + tier.tokens, 0);
    const mark = JSON.stringify([amounts.map((a) => a.tokens), attached, misses]);
    if (mark === this.mark) {
      return;
    }
    this.mark = mark;
    this.box.replaceChildren(...[
      all === 0 ? h('p', { class: 'nothing' }, 'No turn with a history in the last minute.') : bar(amounts, all),
      legend(amounts, all),
      choices(attached),
      missed(misses),
    ].filter((part) => part !== null));
  }
}

function bar(amounts, all) {
  return h('div', { class: 'stack', role: 'img', 'aria-label': amounts.map((a) => `${a.name}: ${percent(a.tokens / all)}`).join(', ') },
    amounts.filter((a) => a.tokens > 0).map((a) => h('i', { class: `fill-${a.id}`, 'width%': (100 * a.tokens) / all })));
}

function legend(amounts, all) {
  return h('ul', { class: 'legend' }, amounts.map((a) => h('li', { 'data-tier': a.id },
    h('i', { class: `fill-${a.id}` }), h('span', null, a.name),
    h('b', null, all === 0 ? '–' : percent(a.tokens / all, 1)), h('small', null, counted(a.tokens, 'token')))));
}

function choices(attached) {
  const rows = attached.filter((part) => (part.source === 'loaded' || part.source === 'recomputed') && part.count > 0);
  return rows.length === 0 ? null : h('table', { class: 'plain' },
    h('caption', null, 'Seconds to get a cache back, mean'),
    h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Way'), h('th', { scope: 'col' }, 'Times'), h('th', { scope: 'col' }, 'Expected'), h('th', { scope: 'col' }, 'Took'))),
    h('tbody', null, rows.map((part) => h('tr', null,
      h('th', { scope: 'row' }, part.source),
      h('td', null, count(part.count)),
      h('td', null, seconds(part.predicted_seconds / part.count)),
      h('td', null, seconds(part.seconds / part.count))))));
}

function missed(misses) {
  const causes = Object.entries(misses).filter(([, times]) => times > 0);
  return causes.length === 0 ? null : h('p', { class: 'hint' }, `Cold copies not used: ${causes.map(([cause, times]) => `${cause} ${times}`).join(', ')}.`);
}
