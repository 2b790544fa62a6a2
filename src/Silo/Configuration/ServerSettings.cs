using System.ComponentModel;
using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker;

namespace KVCluster.Silo.Configuration;

/// <summary>
/// All settings of a server: the tree that the JSON file and the environment fill (<see cref="SettingsReader"/>), and that
/// <c>kvcluster config print</c> shows. Every leaf has a description and a default that works.
/// </summary>
internal sealed class ServerSettings
{
    public ListenSettings Listen { get; init; } = new();

    public NodeSettings Node { get; init; } = new();

    public ModelSettings Model { get; init; } = new();

    public ClusterSettings Cluster { get; init; } = new();

    public StateSettings State { get; init; } = new();

    public ColdSettings Cold { get; init; } = new();

    public TenantSettings Tenants { get; init; } = new();

    public PressureSettings Pressure { get; init; } = new();

    public SessionSettings Sessions { get; init; } = new();

    public DrainSettings Drain { get; init; } = new();

    public TelemetrySettings Telemetry { get; init; } = new();
}

internal sealed class ListenSettings
{
    [Description("where HTTP is served; another address than loopback needs a tenants file")]
    public string Url { get; init; } = "http://127.0.0.1:8080";

    [Description("for an https address: a PEM file with the certificate and those that signed it; read again when it changes")]
    public string CertificateFile { get; init; } = "";

    [Description("a PEM file with the certificate's private key; empty: it is in the same file")]
    public string CertificateKeyFile { get; init; } = "";

    [Description("largest request body, bytes"), Range(1024, 1L << 32)]
    public long MaxRequestBytes { get; init; } = 16 << 20;

    [Description("open connections at most"), Range(1, 1_000_000)]
    public int MaxConnections { get; init; } = 10_000;

    [Description("seconds a request's headers may take to come"), Range(1, 3600)]
    public int HeadersTimeoutSeconds { get; init; } = 15;

    [Description("bytes a second that a request's body must come at, looked at after the first 5 seconds"), Range(1, 1 << 20)]
    public int MinBodyBytesPerSecond { get; init; } = 240;

    [Description("seconds that running turns have to end when the server stops"), Range(0, 3600)]
    public int ShutdownSeconds { get; init; } = 30;
}

internal sealed class NodeSettings
{
    [Description("the node's name; empty: node-1")]
    public string Name { get; init; } = "";

    [Description("nodes in this process, each with a device and an arena of its own; 0 (Orleans builds): takes requests for the devices of other processes"), Range(0, 16)]
    public int Count { get; init; } = 1;
}

internal sealed class ModelSettings
{
    [Description("a Hugging Face folder or a GGUF file; empty: the bundled model")]
    public string Path { get; init; } = "";

    [Description("the id clients ask for; empty: the file's or folder's name")]
    public string Name { get; init; } = "";

    [Description("element type of cached keys and values: F32, BF16 or Int8")]
    public KvElementType KvType { get; init; } = KvElementType.BF16;

    [Description("bytes of a device's KV arena; 0: room for one conversation of the model's context, 8192 tokens at most; of a GPU: MemoryPercent"), Range(0, long.MaxValue)]
    public long ArenaBytes { get; init; }

    [Description("tokens a page of the arena, a multiple of 16"), Range(16, 4096)]
    public int PageTokens { get; init; } = 32;

    [Description("most tokens of one step"), Range(1, 65536)]
    public int BatchTokens { get; init; } = new LocalModelOptions().MaxBatchTokens;

    [Description("what runs the model: Cpu, or Torch in builds with -p:Backend=torch")]
    public BackendKind Backend { get; init; }

    [Description("torch: cuda:0, cuda:1, ... or cpu; cuda or empty: each node of the process a GPU of its own")]
    public string Device { get; init; } = "";

    [Description("torch: what weights and activations are computed in: Auto (BF16 on a GPU, F32 on a CPU), F32, BF16, or F16 for GPUs without bfloat16")]
    public ComputeKind ComputeType { get; init; }

    [Description("torch: percent of a GPU's memory, free once the weights are loaded, for the arena where ArenaBytes is 0"), Range(1, 99)]
    public int MemoryPercent { get; init; } = 85;

    [Description("kernel threads of a device; 0: all processors"), Range(0, 1024)]
    public int Threads { get; init; }
}

internal sealed class ClusterSettings
{
    [Description("Orleans builds: the Redis of members, directory and conversations, as host:port,password=...; empty in others")]
    public string Redis { get; init; } = "";

    [Description("Orleans builds: the cluster's name; silos of one name find each other")]
    public string Id { get; init; } = "kvcluster";

    [Description("Orleans builds: the IP address that other silos reach this one at")]
    public string Address { get; init; } = "127.0.0.1";

    [Description("Orleans builds: whether to listen on every interface, as a container must whose published address is not its own")]
    public bool ListenOnAnyAddress { get; init; }

    [Description("Orleans builds: the port for silos; further nodes of the process take the next ones"), Range(1, 65535)]
    public int SiloPort { get; init; } = 11111;

    [Description("Orleans builds: the port for clients; further nodes of the process take the next ones"), Range(1, 65535)]
    public int GatewayPort { get; init; } = 30000;
}

internal sealed class StateSettings
{
    [Description("where conversations are kept: a directory or redis://HOST:PORT; empty: a directory kvcluster-data where the server is started")]
    public string Store { get; init; } = "";

    [Description("the service's name, part of every stored key")]
    public string Service { get; init; } = "kvcluster";
}

internal sealed class ColdSettings
{
    [Description("where idle caches are kept: a directory, redis://HOST:PORT, or 'none'; empty: beside the conversations")]
    public string Store { get; init; } = "";

    [Description("how rows are stored: Raw, Packed, BFloat16, PackedBFloat16, Int8 or Int4")]
    public SnapshotCodec Codec { get; init; }

    [Description("bytes of all cold copies"), Range(1 << 20, long.MaxValue)]
    public long BudgetBytes { get; init; } = 16L << 30;

    [Description("bytes of one tenant's cold copies"), Range(1 << 20, long.MaxValue)]
    public long TenantBudgetBytes { get; init; } = 16L << 30;

    [Description("hours a copy is kept after its last use"), Range(1, 24 * 365)]
    public int TtlHours { get; init; } = 24 * 7;

    [Description("keys that encrypt cold copies, AES-256-GCM: a JSON file {\"TENANT or *\": {\"KEY ID\": \"32 bytes in base64\"}} or 'env:NAME' of a variable that holds one; empty: no encryption")]
    public string Keys { get; init; } = "";

    [Description("seconds a session is idle before its cache is saved"), Range(0, 86400)]
    public int IdleSaveSeconds { get; init; } = 5;
}

internal sealed class TenantSettings
{
    [Description("the JSON file of tenants and the hashes of their API keys; empty: no keys, loopback only")]
    public string File { get; init; } = "";
}
