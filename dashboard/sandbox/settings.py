"""What GET /v1/system and GET /setup-complete tell about a freshly set up instance."""

from dashboard.sandbox.config import Config
from dashboard.sandbox.js import Json
from dashboard.sandbox.store import Row, Store

# Secrets are told as booleans: "is one set".
_FALSE = """
    RequiresAuth AuthToken MemoryEnabled VoyageAiApiKey GeminiEmbeddingApiKey ImageGenerationOpenAiKey
    ImageGenerationOpenRouterApiKey ImageGenerationOllamaAuthToken ImageGenerationLemonadeApiKey PineConeKey ChromaApiKey
    ChromaCloudApiKey WeaviateApiKey QdrantApiKey MilvusPassword ZillizApiToken AstraDBApplicationToken PGVectorConnectionString
    OpenAiKey AzureOpenAiKey AnthropicApiKey GeminiLLMApiKey LMStudioAuthToken LocalAiApiKey OllamaLLMAuthToken NovitaLLMApiKey
    TogetherAiApiKey FireworksAiLLMApiKey PerplexityApiKey OpenRouterApiKey MistralApiKey GroqApiKey TextGenWebUIAPIKey
    LiteLLMApiKey MoonshotAiApiKey AwsBedrockLLMApiKey CohereApiKey DeepSeekApiKey ApipieLLMApiKey XAIApiKey PPIOApiKey
    CometApiLLMApiKey ZAiApiKey GiteeAIApiKey SambaNovaLLMApiKey LemonadeLLMApiKey MinimaxApiKey CerebrasApiKey OMLXLLMApiKey
    WhisperGenericOpenAiApiKey TTSOpenAIKey TTSElevenLabsKey TTSOpenAICompatibleKey TTSKokoroKey STTDeepgramApiKey
    STTOpenAICompatibleKey STTGroqApiKey DisableViewChatHistory AgentClarifyingQuestionsEnabled
"""
_NULL = """
    EmbeddingOutputDimensions ImageGenerationProvider ImageGenerationModelPref ModelRouterId LMStudioTokenLimit
    OllamaLLMTokenLimit AgentSerpApiKey AgentSearchApiKey AgentSerperApiKey AgentBingSearchApiKey AgentBaiduSearchApiKey
    AgentSerplyApiKey AgentSearXNGApiUrl AgentTavilyApiKey AgentExaApiKey AgentPerplexityApiKey AgentBraveApiKey AgentCrwApiKey
    AgentCrwApiUrl AgentYouApiKey SimpleSSONoLoginRedirect
"""
_VALUES: Row = {
    "JWTSecret": True,
    "StorageDir": "/app/server/storage",
    "MemoryAutoExtraction": True,
    "DisableTelemetry": "true",
    "EmbeddingEngine": "generic-openai",
    "EmbeddingBasePath": "http://127.0.0.1:9100/v1",
    "EmbeddingModelPref": "lab-embed",
    "EmbeddingModelMaxChunkLength": "8192",
    "OllamaEmbeddingBatchSize": 1,
    "GenericOpenAiEmbeddingApiKey": True,
    "GenericOpenAiEmbeddingMaxConcurrentChunks": 500,
    "GenericOpenAiEmbeddingPassagePrefix": "",
    "GenericOpenAiEmbeddingQueryPrefix": "",
    "ImageGenerationDimensions": "512x512",
    "VectorDB": "lancedb",
    "PGVectorTableName": "anythingllm_vectors",
    "LLMProvider": "generic-openai",
    "LLMModel": "lab-chat",
    "OpenAiModelPref": "gpt-4.1-nano",
    "AzureOpenAiEmbeddingModelPref": "lab-embed",
    "AzureOpenAiTokenLimit": 4096,
    "AzureOpenAiModelType": "default",
    "AnthropicModelPref": "claude-sonnet-4-6",
    "AnthropicCacheControl": "none",
    "GeminiLLMModelPref": "gemini-2.0-flash-lite",
    "GeminiSafetySetting": "BLOCK_MEDIUM_AND_ABOVE",
    "OllamaLLMKeepAliveSeconds": 300,
    "MoonshotAiModelPref": "moonshot-v1-32k",
    "GenericOpenAiBasePath": "http://127.0.0.1:9100/v1",
    "GenericOpenAiModelPref": "lab-chat",
    "GenericOpenAiKey": True,
    "AwsBedrockLLMTokenLimit": 8192,
    "AwsBedrockLLMMaxTokens": 4096,
    "GiteeAITokenLimit": 8192,
    "DockerModelRunnerModelTokenLimit": 8192,
    "LemonadeLLMModelTokenLimit": 8192,
    "WhisperProvider": "local",
    "WhisperModelPref": "Xenova/whisper-small",
    "TextToSpeechProvider": "native",
    "TTSPiperTTSVoiceModel": "en_US-hfc_female-medium",
    "SpeechToTextProvider": "native",
    "AgentSerpApiEngine": "google",
    "AgentSearchApiEngine": "google",
    "AgentSkillMaxToolCalls": 10,
    "AgentSkillRerankerEnabled": True,
    "AgentSkillRerankerTopN": 15,
    "AgentClarifyingQuestionsMaxPerTurn": 3,
}


def changeable(store: Store) -> Row:
    """What update-env may change, with what it changed already."""
    known: dict[str, Json] = {
        **dict.fromkeys(_FALSE.split(), False),
        **dict.fromkeys(_NULL.split()),
        **_VALUES,
        "GenericOpenAiTokenLimit": "8192",
    }
    for row in store.all("SELECT label, value FROM settings WHERE label LIKE 'env:%'"):
        name = row["label"].removeprefix("env:")
        known[name] = bool(row["value"]) if isinstance(known[name], bool) else row["value"]
    return known


def all_settings(store: Store, config: Config) -> Row:
    """The whole list."""
    return {
        **changeable(store),
        "MultiUserMode": not config.single_user,
        "SimpleSSOEnabled": config.sso,
        "SimpleSSONoLogin": config.sso_no_login,
        "WorkspaceDeletionProtection": config.deletion_protection,
        "HasExistingEmbeddings": store.one("SELECT 1 AS yes FROM workspace_documents LIMIT 1") is not None,
        "HasCachedEmbeddings": store.on_disk.one("SELECT 1 AS yes FROM files WHERE cached LIMIT 1") is not None,
    }
