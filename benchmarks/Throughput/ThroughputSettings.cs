using KVCluster.Inference.Kv;

namespace KVCluster.Benchmarks.Throughput;

/// <summary>What to measure.</summary>
/// <param name="Ids">Token ids fed, as many as the longest prompt and the generation take.</param>
/// <param name="Prompts">Prompt lengths.</param>
/// <param name="Generate">Tokens decoded after each prompt.</param>
/// <param name="ArenaMebibytes">Size of the KV arena; at least what the prompts take.</param>
/// <param name="Repeat">Repetitions; the best counts.</param>
internal sealed record ThroughputSettings(
    string Model, int[] Ids, int Threads, int[] Prompts, int Generate, int Repeat, KvElementType Kv, bool Pin, int Batch, long ArenaMebibytes);
