// Sends a file by tus-js-client and says where it ended: node tus_client.mjs ENDPOINT TOKEN FILE PHOTO SHA256 [PIECES]
import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";

const [endpoint, token, file, photo, sha256, pieces] = process.argv.slice(2);
const { Upload } = createRequire(`${process.cwd()}/`)("tus-js-client");
const upload = new Upload(createReadStream(file), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { photo_id: photo, sha256 },
  ...(pieces ? {} : { uploadSize: statSync(file).size }),
  chunkSize: 64 * 1024,
  parallelUploads: Number(pieces ?? 1),
  uploadDataDuringCreation: !pieces,
  retryDelays: [0],
  onError: (error) => {
    console.error(String(error));
    process.exitCode = 1;
  },
  onSuccess: () => console.log(upload.url),
});
upload.start();
