// What the allocator lends the nodes, and what it moves.

import { h } from './dom.js';
import { bytes, count } from './format.js';

export class Leases {
  constructor(box) {
    this.box = box;
  }

  draw(store) {
    const { allocator } = store.snapshot;
    const mark = JSON.stringify(allocator ?? null);
    if (mark === this.mark) {
      return;
    }
    this.mark = mark;
    if (!allocator || allocator.leases.length === 0) {
      this.box.replaceChildren(h('p', { class: 'nothing' }, 'No leases are out. Nodes hold what they have.'));
      return;
    }
    this.box.replaceChildren(
      h('table', { class: 'plain' },
        h('caption', null, `Round ${count(allocator.round)}${allocator.short_bytes > 0 ? `, ${bytes(allocator.short_bytes)} short` : ', nobody is short'}`),
        h('thead', null, h('tr', null, ['Node', 'Lent', 'Tenants'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', null, allocator.leases.map((lease) => h('tr', { 'data-lease': lease.node },
          h('th', { scope: 'row' }, lease.node),
          h('td', null, bytes(lease.bytes)),
          h('td', { class: 'wrap' }, Object.entries(lease.tenants).map(([tenant, part]) => `${tenant} ${bytes(part)}`).join(', ') || '–'))))),
      h('h3', null, 'Moves lately'),
      allocator.moves.length === 0
        ? h('p', { class: 'nothing' }, 'None: no node was short while another had room.')
        : h('ul', { class: 'moves' }, allocator.moves.map((move) => h('li', null, `${move.from} → ${move.to}`, h('b', null, ` ${bytes(move.bytes)}`)))));
  }
}
