import { createRoot } from 'react-dom/client';

import { boot } from './boot/boot';
import { App } from './App';

const root = document.getElementById('root');
if (!root) {
  throw new Error('index.html has no element #root');
}
boot().then(
  () => createRoot(root).render(<App />),
  (error: unknown) => {
    root.textContent = `The page could not start: ${String(error)}`;
    throw error;
  }
);
