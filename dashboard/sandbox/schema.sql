CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE, password TEXT NOT NULL, pfpFilename TEXT,
  role TEXT NOT NULL DEFAULT 'default', suspended INTEGER NOT NULL DEFAULT 0,
  seen_recovery_codes INTEGER NOT NULL DEFAULT 0, createdAt TEXT NOT NULL, lastUpdatedAt TEXT NOT NULL,
  dailyMessageLimit INTEGER, bio TEXT NOT NULL DEFAULT ''
);
CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, secret TEXT NOT NULL UNIQUE, createdBy INTEGER,
  createdAt TEXT NOT NULL, lastUpdatedAt TEXT NOT NULL
);
CREATE TABLE login_tokens (
  token TEXT PRIMARY KEY, userId INTEGER NOT NULL REFERENCES users ON DELETE CASCADE, expiresAt REAL NOT NULL
);
CREATE TABLE invites (
  id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, status TEXT NOT NULL DEFAULT 'pending',
  claimedBy INTEGER, workspaceIds TEXT, createdAt TEXT NOT NULL, createdBy INTEGER NOT NULL DEFAULT 0,
  lastUpdatedAt TEXT NOT NULL
);
CREATE TABLE workspaces (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE, vectorTag TEXT,
  createdAt TEXT NOT NULL, openAiTemp REAL, openAiHistory INTEGER NOT NULL DEFAULT 20, lastUpdatedAt TEXT NOT NULL,
  openAiPrompt TEXT, similarityThreshold REAL DEFAULT 0.25, chatProvider TEXT, chatModel TEXT, topN INTEGER DEFAULT 4,
  chatMode TEXT DEFAULT 'automatic', pfpFilename TEXT, agentProvider TEXT, agentModel TEXT, queryRefusalResponse TEXT,
  vectorSearchMode TEXT DEFAULT 'default', router_id INTEGER
);
CREATE TABLE workspace_users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  workspace_id INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  createdAt TEXT NOT NULL, lastUpdatedAt TEXT NOT NULL
);
CREATE INDEX workspace_users_workspace ON workspace_users (workspace_id);
CREATE INDEX workspace_users_user ON workspace_users (user_id);
CREATE TABLE threads (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE,
  workspace_id INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  user_id INTEGER REFERENCES users ON DELETE CASCADE, createdAt TEXT NOT NULL, lastUpdatedAt TEXT NOT NULL
);
CREATE INDEX threads_workspace ON threads (workspace_id);
CREATE INDEX threads_user ON threads (user_id);
CREATE TABLE chats (
  id INTEGER PRIMARY KEY AUTOINCREMENT, workspaceId INTEGER NOT NULL, prompt TEXT NOT NULL, response TEXT NOT NULL,
  include INTEGER NOT NULL DEFAULT 1, user_id INTEGER REFERENCES users ON DELETE CASCADE, thread_id INTEGER,
  api_session_id TEXT, createdAt TEXT NOT NULL, lastUpdatedAt TEXT NOT NULL, feedbackScore INTEGER,
  memoryProcessed INTEGER
);
CREATE INDEX chats_workspace ON chats (workspaceId, thread_id);
CREATE INDEX chats_user ON chats (user_id);
CREATE TABLE folders (name TEXT PRIMARY KEY);
CREATE TABLE files (
  folder TEXT NOT NULL, name TEXT NOT NULL, meta TEXT NOT NULL, text TEXT NOT NULL,
  cached INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (folder, name)
);
CREATE INDEX files_name ON files (name);
CREATE TABLE workspace_documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, docId TEXT NOT NULL, filename TEXT NOT NULL, docpath TEXT NOT NULL,
  workspaceId INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE, metadata TEXT, pinned INTEGER DEFAULT 0,
  watched INTEGER DEFAULT 0, createdAt TEXT NOT NULL, lastUpdatedAt TEXT NOT NULL
);
CREATE INDEX workspace_documents_workspace ON workspace_documents (workspaceId);
CREATE INDEX workspace_documents_path ON workspace_documents (docpath);
CREATE TABLE vectors (
  id TEXT NOT NULL, workspaceId INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  documentId INTEGER NOT NULL REFERENCES workspace_documents ON DELETE CASCADE, meta TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX vectors_workspace ON vectors (workspaceId);
CREATE INDEX vectors_document ON vectors (documentId);
CREATE TABLE embeds (
  id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 0,
  chat_mode TEXT NOT NULL DEFAULT 'query', allowlist_domains TEXT, allow_model_override INTEGER NOT NULL DEFAULT 0,
  allow_temperature_override INTEGER NOT NULL DEFAULT 0, allow_prompt_override INTEGER NOT NULL DEFAULT 0,
  max_chats_per_day INTEGER, max_chats_per_session INTEGER, message_limit INTEGER,
  workspace_id INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE, createdBy INTEGER, usersId INTEGER,
  createdAt TEXT NOT NULL
);
CREATE TABLE embed_chats (
  id INTEGER PRIMARY KEY AUTOINCREMENT, prompt TEXT NOT NULL, response TEXT NOT NULL, session_id TEXT NOT NULL,
  include INTEGER NOT NULL DEFAULT 1, connection_information TEXT,
  embed_id INTEGER NOT NULL REFERENCES embeds ON DELETE CASCADE, usersId INTEGER, createdAt TEXT NOT NULL
);
CREATE TABLE settings (label TEXT PRIMARY KEY, value TEXT);
CREATE TABLE generated_files (name TEXT PRIMARY KEY, content BLOB NOT NULL);
