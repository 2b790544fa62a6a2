// The sessions as a table of thousands of rows, of which only those in sight exist.

import { by, h, setText } from './dom.js';
import { ago, bytes, count, percent } from './format.js';

const columns = [
  { id: 'id', name: 'Session', of: (row) => row.key, text: true },
  { id: 'phase', name: 'Phase', of: (row) => row.phase, text: true },
  { id: 'place', name: 'Place', of: (row) => (row.device ? `${row.node}/${row.device}` : row.node), text: true },
  { id: 'tokens', name: 'Tokens', of: (row) => row.tokens },
  { id: 'kept', name: 'Kept', of: (row) => (row.bytes > 0 && row.tokens > 0 ? row.kept / row.tokens : -1) },
  { id: 'bytes', name: 'Memory', of: (row) => row.bytes },
  { id: 'cold', name: 'Cold copy', of: (row) => row.cold },
  { id: 'used', name: 'Last used', of: (row) => row.used },
];

const phases = {
  device: (row) => row.bytes > 0,
  generating: (row) => row.phase === 'generating' || row.phase === 'attaching',
  cut: (row) => row.cuts > 0,
  cold: (row) => row.bytes === 0,
};

const margin = 6;

export class SessionTable {
  constructor(box, store, open) {
    this.box = box;
    this.store = store;
    this.open = open;
    this.sort = { column: 'bytes', down: true };
    this.rows = [];
    this.shown = new Map();
    this.build();
    box.addEventListener('scroll', () => this.show(), { passive: true });
    box.addEventListener('keydown', (event) => this.key(event));
    by('search').addEventListener('input', () => this.arrange());
    by('phase').addEventListener('change', () => this.arrange());
    new ResizeObserver(() => this.show()).observe(box);
  }

  build() {
    this.heads = columns.map((column) => h('th', { scope: 'col', 'data-column': column.id },
      h('button', { type: 'button', on: { click: () => this.sortBy(column) } }, column.name)));
    this.above = h('tr', { class: 'spacer', 'aria-hidden': 'true' }, h('td'));
    this.below = h('tr', { class: 'spacer', 'aria-hidden': 'true' }, h('td'));
    this.body = h('tbody', null, this.above, this.below);
    this.table = h('table', { class: 'sessions' }, h('thead', null, h('tr', null, this.heads)), this.body);
    this.nothing = h('div', { class: 'nothing', hidden: true });
    this.box.append(this.table, this.nothing);
    this.markSort();
  }

  sortBy(column) {
    const same = this.sort.column === column.id;
    this.sort = { column: column.id, down: same ? !this.sort.down : !column.text };
    this.markSort();
    this.arrange();
  }

  markSort() {
    for (const head of this.heads) {
      const own = head.dataset.column === this.sort.column;
      head.setAttribute('aria-sort', own ? (this.sort.down ? 'descending' : 'ascending') : 'none');
    }
  }

  draw() {
    if (this.version !== this.store.version) {
      this.version = this.store.version;
      this.arrange();
    } else {
      this.show();
    }
  }

  arrange() {
    const words = by('search').value.trim().toLowerCase();
    const phase = phases[by('phase').value];
    const column = columns.find((one) => one.id === this.sort.column);
    const sign = this.sort.down ? -1 : 1;
    this.rows = [...this.store.sessions.values()]
      .filter((row) => (!phase || phase(row)) && (words === '' || `${row.key} ${row.node}/${row.device}`.toLowerCase().includes(words)))
      .map((row) => [column.of(row), row])
      .sort(([a, rowA], [b, rowB]) => sign * (a < b ? -1 : a > b ? 1 : 0) || (rowA.key < rowB.key ? -1 : 1))
      .map(([, row]) => row);
    const all = this.store.sessions.size;
    setText(by('session-count'), this.rows.length === all ? count(all) : `${count(this.rows.length)} of ${count(all)}`);
    this.table.setAttribute('aria-rowcount', this.rows.length + 1);
    this.nothing.hidden = this.rows.length > 0;
    this.table.hidden = all === 0;
    this.nothing.replaceChildren(...(all === 0 ? empty() : ['No session is like that. Another search, or all phases, may show some.']));
    this.show();
  }

  get rowHeight() {
    return matchMedia('(max-width: 640px)').matches ? 56 : 40;
  }

  show() {
    const height = this.rowHeight;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - margin);
    const last = Math.min(this.rows.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + margin);
    const now = this.store.snapshot?.at ?? Date.now();
    const wanted = new Map(this.rows.slice(first, last).map((row, i) => [row.key, { row, index: first + i }]));
    for (const [key, line] of this.shown) {
      if (!wanted.has(key)) {
        line.element.remove();
        this.shown.delete(key);
      }
    }
    let before = this.above;
    for (const [key, { row, index }] of wanted) {
      let line = this.shown.get(key);
      if (!line) {
        line = this.line(key);
        this.shown.set(key, line);
      }
      line.fill(row, now);
      line.element.setAttribute('aria-rowindex', index + 2);
      if (before.nextElementSibling !== line.element) {
        before.after(line.element);
      }
      before = line.element;
    }
    this.above.firstElementChild.style.height = `${first * height}px`;
    this.below.firstElementChild.style.height = `${Math.max(0, this.rows.length - last) * height}px`;
  }

  line(key) {
    const cells = columns.map((column) => h('td', { 'data-cell': column.id }));
    const name = h('button', { type: 'button', class: 'link', on: { click: () => this.open(key) } });
    const phone = h('small', { class: 'phone-only' });
    cells[0].append(name, phone);
    const phase = h('span', { class: 'phase' });
    cells[1].append(phase);
    const meter = h('i');
    const kept = h('span');
    cells[4].append(h('span', { class: 'meter' }, meter), kept);
    const element = h('tr', { 'data-key': key }, cells);
    const fill = (row, now) => {
      const share = row.bytes > 0 && row.tokens > 0 ? row.kept / row.tokens : null;
      setText(name, this.store.hello?.operator ? row.key : row.key.slice(row.key.indexOf('/') + 1));
      setText(phone, `${row.phase}, ${count(row.tokens)} tokens, ${ago(row.used, now)}`);
      setText(phase, row.phase);
      phase.dataset.phase = row.phase;
      setText(cells[2], row.device ? `${row.node}/${row.device}` : row.node || '–');
      setText(cells[3], count(row.tokens));
      setText(kept, share === null ? '–' : percent(share));
      meter.style.width = `${share === null ? 0 : 100 * share}%`;
      setText(cells[5], row.bytes > 0 ? bytes(row.bytes) : '–');
      cells[5].dataset.bytes = row.bytes;
      setText(cells[6], row.cold > 0 ? bytes(row.cold) : '–');
      setText(cells[7], ago(row.used, now));
    };
    return { element, fill };
  }

  // Arrow keys go from session to session; Home and End to the first and last.
  key(event) {
    const at = this.rows.findIndex((row) => row.key === event.target.closest?.('tr')?.dataset.key);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.rows.length - 1 }[event.key];
    if (to === undefined || to < 0 || to >= this.rows.length || event.target.matches('th button')) {
      return;
    }
    event.preventDefault();
    const height = this.rowHeight;
    const room = this.box.clientHeight - 2 * height;
    if (to * height < this.box.scrollTop || to * height > this.box.scrollTop + room) {
      this.box.scrollTop = Math.max(0, to * height - room / 2);
      this.show();
    }
    this.shown.get(this.rows[to].key)?.element.querySelector('button').focus();
  }
}

function empty() {
  return [
    h('p', null, h('b', null, 'No session yet.')),
    h('p', null, 'Sessions appear here with their first message. Try one:'),
    h('pre', null, `curl ${location.origin}/v1/chat/completions \\\n  -H 'content-type: application/json' \\\n  -d '{"model":"MODEL","messages":[{"role":"user","content":"Hello"}]}'`),
  ];
}
