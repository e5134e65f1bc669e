// Browsers let a page that is opened as a file read none of its data: say so, before anything else.
if (location.protocol === 'file:') {
  addEventListener('DOMContentLoaded', () => {
    document.getElementById('splash-text').textContent =
      'A browser shows this page from a web server only. In this folder, type: ' +
      'python -m http.server 5000 --bind 127.0.0.1 – and open http://127.0.0.1:5000';
  });
}
