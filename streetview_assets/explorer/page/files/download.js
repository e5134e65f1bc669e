/** Gives a file to the person in front of the page. @param {string} name @param {string} type @param {BlobPart|BlobPart[]} content */
export function download(name, type, content) {
  const address = URL.createObjectURL(new Blob(Array.isArray(content) ? content : [content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
