using KVCluster.Benchmarks.Sessions;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine(
        """
        Sessions MODEL
        What sessions cost beside the model: the write at a turn's end, the way of a token through a session, an idle session's memory.
        MODEL is a model's folder or file; only its tokenizer is used.
        """);
    return 0;
}

string model = args.Length > 0 ? args[0] : Path.Combine("models", "needle");
await StateWrites.RunAsync();
await TokenCost.RunAsync(model);
await IdleMemory.RunAsync(model);
return 0;
