# One image for all layers: the command says which. The build stage has the compiler, the other only what runs.
FROM node:24.21-bookworm-slim AS build
WORKDIR /tandem
COPY package.json package-lock.json ./
COPY shared/package.json shared/
COPY batch-layer/package.json batch-layer/
COPY speed-layer/package.json speed-layer/
COPY serving-layer/package.json serving-layer/
COPY lab/package.json lab/
COPY bench/package.json bench/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npx tsc -b && npm prune --omit=dev --no-audit --no-fund

FROM node:24.21-bookworm-slim
ENV NODE_ENV=production
WORKDIR /tandem
COPY --from=build /tandem /tandem
# The master dataset's volume takes over who owns the folder that it is mounted on.
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
ENTRYPOINT ["node", "--max-semi-space-size=64"]
CMD ["serving-layer/dist/main.js"]
