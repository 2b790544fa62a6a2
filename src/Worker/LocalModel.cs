using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;
using KVCluster.Worker.Calibration;

namespace KVCluster.Worker;

/// <summary>An opened model with everything needed to talk to it: files, tokenizer, chat template, and a backend with its KV arena.</summary>
public sealed class LocalModel : IDisposable
{
    private readonly string? _calibrationFile;
    private HeadCalibration? _calibration;

    private LocalModel(
        LoadedModel files,
        Tokenizer tokenizer,
        ChatTemplate? template,
        IReadOnlySet<int> endTokens,
        IInferenceBackend backend,
        string? calibrationFile)
    {
        _calibrationFile = calibrationFile;
        Files = files;
        Tokenizer = tokenizer;
        Template = template;
        EndTokens = endTokens;
        Backend = backend;
    }

    /// <summary>The mapped files.</summary>
    public LoadedModel Files { get; }

    /// <summary>Dimensions and settings.</summary>
    public ModelConfig Config => Files.Config;

    /// <summary>Text to token ids and back.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The model's own chat template; null for a base model that has none.</summary>
    public ChatTemplate? Template { get; }

    /// <summary>What runs it. Any number of conversations share it, one call at a time.</summary>
    public IInferenceBackend Backend { get; }

    /// <summary>Ids that end an answer: the configuration's, the tokenizer's end of text, and the one the chat template ends a turn with.</summary>
    public IReadOnlySet<int> EndTokens { get; }

    /// <summary>
    /// What calibration found out about its heads and layers, from the file the options name or the one beside the model; null where there is
    /// none. Read when first asked for, as few policies need it.
    /// </summary>
    /// <exception cref="InputException">The file cannot be read, is broken, or another model's.</exception>
    public HeadCalibration? Calibration =>
        _calibration ??= CalibrationFile.Find(Files.Path, _calibrationFile) is { } path ? CalibrationFile.Load(path, Fingerprint).ToHeads() : null;

    /// <summary>Names the model's exact content; see <see cref="LoadedModel.Fingerprint"/>.</summary>
    public string Fingerprint => Files.Fingerprint;

    /// <summary>
    /// Opens a Hugging Face folder or a GGUF file, arranges the weights (reporting progress from 0 to 1) and reserves the arena, whose
    /// memory the system hands out as it is first written.
    /// </summary>
    /// <exception cref="ModelFormatException">The model is faulty or needs something this program does not have; nothing stays open.</exception>
    /// <exception cref="InputException">An option is out of range, or the arena cannot be had.</exception>
    public static LocalModel Open(string path, LocalModelOptions? options = null, Action<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        options ??= new LocalModelOptions();
        options.Validate();
        LoadedModel files = ModelLoader.Open(path);
        try
        {
            Tokenizer tokenizer = Tokenizer.Load(files);
            ChatTemplate? template = ChatTemplate.Load(files, tokenizer);
            HashSet<int> endTokens = EndTokensOf(files.Config, tokenizer, template);
            IInferenceBackend backend = options.Backend.Open(files, Settings(files.Config, options), progress);
            return new LocalModel(files, tokenizer, template, endTokens, backend, options.CalibrationFile);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Frees weights and arena and closes the files. Conversations may be disposed after it, not used.</summary>
    public void Dispose()
    {
        Backend.Dispose();
        Files.Dispose();
    }

    private static BackendSettings Settings(ModelConfig config, LocalModelOptions options) => new()
    {
        // A device may take a share of its own memory instead, but not where the room was named in tokens.
        ArenaBytes = options.ArenaBytes ?? (options.ContextTokens > 0 ? ArenaBytes(config, options) : null),
        UsualArenaBytes = ArenaBytes(config, options),
        KvType = options.KvType,
        PageTokens = options.PageTokens,
        Threads = options.Threads,
        MaxBatchTokens = options.MaxBatchTokens,
    };

    private static long ArenaBytes(ModelConfig config, LocalModelOptions options)
    {
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, options.KvType, options.PageTokens);
        int tokens = options.ContextTokens > 0
            ? options.ContextTokens
            : Math.Min(config.ContextLength, LocalModelOptions.DefaultContextTokens);

        // One page a head more: what the first fork copies of a half-filled tail.
        return KvCapacity.BytesFor(geometry, tokens) + KvCapacity.BytesFor(geometry, 1);
    }

    internal static HashSet<int> EndTokensOf(ModelConfig config, Tokenizer tokenizer, ChatTemplate? template)
    {
        HashSet<int> ids = [.. config.EndTokens];
        if (tokenizer.EosId is { } eos)
        {
            ids.Add(eos);
        }

        // Not every configuration names the token that ends a turn: what the template writes behind an answer does.
        if (template is not null
            && tokenizer.Encode(RenderedChat.AfterAnswer(template, [new ChatMessage("user", "question")]), plainUserText: true) is [int first, ..]
            && tokenizer.IsSpecial(first))
        {
            ids.Add(first);
        }

        return ids;
    }
}
