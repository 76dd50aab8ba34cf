import { render } from 'preact';

render(<main>Linarite</main>, document.body);
