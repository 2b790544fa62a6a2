// One session: its figures, what its cache kept over its text, its compressions, and what may be done.

import { h } from './dom.js';
import { bytes, count, percent } from './format.js';
import { eventList } from './events.js';
import { decode, heatMap, levelOf, levels } from './heatmap.js';
import { reason } from './stream.js';

export class Detail {
  constructor(dialog, store, stream, actions) {
    this.dialog = dialog;
    this.store = store;
    this.stream = stream;
    this.actions = actions;
    this.key = null;
    dialog.addEventListener('close', () => { this.key = null; });
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  }

  close() {
    this.dialog.close();
  }

  async open(key) {
    this.key = key;
    this.frame(h('p', { class: 'nothing' }, 'Loading…'));
    if (!this.dialog.open) {
      this.dialog.showModal();
    }
    await this.load();
  }

  async load() {
    const key = this.key;
    const [tenant, id] = split(key);
    try {
      const response = await fetch(`/v1/cluster/sessions/${encodeURIComponent(tenant)}/${encodeURIComponent(id)}`, { headers: this.stream.headers(), cache: 'no-store' });
      if (!response.ok) {
        throw new Error(await reason(response));
      }
      const detail = await response.json();
      if (this.key === key) {
        this.frame(...this.content(detail));
      }
    } catch (error) {
      if (this.key === key) {
        this.frame(h('p', { class: 'nothing' }, `This session cannot be shown: ${error.message}`));
      }
    }
  }

  frame(...content) {
    const [tenant, id] = split(this.key);
    this.dialog.replaceChildren(
      h('header', { class: 'drawer-head' },
        h('div', null, h('h2', { id: 'detail-title' }, id), h('p', { class: 'hint' }, `tenant ${tenant}`)),
        h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close this panel', on: { click: () => this.close() } }, 'Close')),
      h('div', { class: 'drawer-body' }, content));
  }

  content(detail) {
    const { session, kept, text } = detail;
    return [
      figures(session, kept),
      this.actions.bar(this.key, session, (action) => (action.id === 'close' ? this.close() : this.load())),
      h('section', null, h('h3', null, 'Tokens kept per layer and head'), kept ? map(kept, (token) => jump(this.dialog, token)) : h('p', { class: 'nothing' }, 'The cache is on no device. Its next turn brings it back.')),
      text ? h('section', null, h('h3', null, 'The conversation'), conversation(text)) : null,
      h('section', null, h('h3', null, 'Compressions'), compressions(session.cache)),
      h('section', null, h('h3', null, 'What was done to its cache'), eventList(this.store.events.filter((event) => event.session === this.key), 'Nothing lately.')),
    ];
  }
}

function split(key) {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}

function figures(session, kept) {
  const { cache } = session;
  const share = cache.tokens > 0 ? cache.kept_tokens / cache.tokens : 1;
  const items = [
    ['Phase', session.phase],
    ['Node and device', session.device ? `${session.node}/${session.device}` : session.node],
    ['Tokens', count(session.tokens)],
    ['Turns', count(session.turns)],
    ['Memory', cache.device_bytes > 0 ? bytes(cache.device_bytes) : 'none'],
    ['Kept', kept ? `${percent(share, 1)}${cache.exact ? ', exact' : ''}` : '–'],
    ['Cold copy', cache.cold_bytes > 0 ? bytes(cache.cold_bytes) : 'none'],
    ['Priority', String(session.priority)],
  ];
  return h('dl', { class: 'figures' }, items.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', { 'data-figure': name }, value))));
}

function map(kept, pick) {
  const perLayer = Array.from({ length: kept.layers }, (_, layer) =>
    kept.kept_per_row.slice(layer * kept.kv_heads, (layer + 1) * kept.kv_heads).reduce((sum, slots) => sum + slots, 0) / kept.kv_heads);
  return h('figure', { class: 'heat-box' },
    h('div', { class: 'heat-scroll', tabindex: 0, role: 'group', 'aria-label': 'Heat map' }, heatMap(kept, pick)),
    h('figcaption', null,
      h('span', { class: 'scale' }, 'dropped ', Array.from({ length: levels + 1 }, (_, level) => h('i', { class: `fill-heat-${level}` })), ' kept by all'),
      kept.closed_tokens > 0 ? h('span', null, ' · the policy closed the gaps: columns are positions of the cache, not tokens') : h('span', null, ' · click to find the place in the text')),
    h('details', null, h('summary', null, 'Tokens kept, layer by layer'),
      h('table', { class: 'plain' }, h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Layer'), h('th', { scope: 'col' }, 'Tokens'), h('th', { scope: 'col' }, 'Share'))),
        h('tbody', null, perLayer.map((slots, layer) => h('tr', { 'data-layer': layer }, h('th', { scope: 'row' }, String(layer)), h('td', null, slots.toFixed(1)), h('td', null, percent(slots / kept.positions, 1))))))));
}

function conversation(text) {
  const shares = decode(text.shares);
  const box = h('div', { class: 'text', tabindex: 0, role: 'group', 'aria-label': 'Text of the conversation, darker where more heads keep it' });
  let run = null;
  text.pieces.forEach((piece, i) => {
    const level = i < shares.length ? levelOf(shares[i]) : 'none';
    if (!run || run.level !== level || i - run.from >= 64) {
      run = { level, from: i, element: h('span', { class: `text-${level}`, 'data-token': i }) };
      box.append(run.element);
    }
    run.element.append(piece);
  });
  const more = text.total - text.pieces.length;
  return h('div', null, box, more > 0 ? h('p', { class: 'hint' }, `${count(more)} more tokens are not shown.`) : null);
}

function jump(dialog, token) {
  const spans = [...dialog.querySelectorAll('.text span')];
  const at = spans.findLast((span) => Number(span.dataset.token) <= token);
  dialog.querySelector('.text .found')?.classList.remove('found');
  at?.classList.add('found');
  at?.scrollIntoView({ block: 'center' });
}

function compressions(cache) {
  return cache.compressions.length === 0
    ? h('p', { class: 'nothing' }, 'None: every token is as it was computed.')
    : h('table', { class: 'plain' },
        h('thead', null, h('tr', null, ['Policy', 'When', 'Cause', 'Tokens then', 'Before', 'After', 'Attention dropped'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', null, cache.compressions.map((cut) => h('tr', null,
          h('th', { scope: 'row', class: 'wrap' }, cut.policy),
          h('td', null, cut.at === undefined ? '–' : h('time', { datetime: cut.at }, new Date(cut.at).toLocaleString('en-GB'))),
          h('td', null, cut.cause?.replaceAll('-', ' ') ?? '–'),
          h('td', null, count(cut.tokens)),
          h('td', null, bytes(cut.bytes_before)),
          h('td', null, bytes(cut.bytes_after)),
          h('td', null, cut.dropped_mass === undefined ? '–' : percent(cut.dropped_mass, 2))))));
}
