// Light, dark, or as the system says; remembered in this browser.

const order = ['system', 'light', 'dark'];

export class Theme {
  constructor(button) {
    this.button = button;
    this.apply(localStorage.getItem('kvcluster.theme') ?? 'system');
    button.addEventListener('click', () => this.apply(order[(order.indexOf(this.name) + 1) % order.length]));
  }

  apply(name) {
    this.name = order.includes(name) ? name : 'system';
    localStorage.setItem('kvcluster.theme', this.name);
    document.documentElement.dataset.theme = this.name;
    this.button.textContent = `Theme: ${this.name}`;
  }
}
