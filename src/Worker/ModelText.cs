using KVCluster.Inference;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>A model's text side: what turns conversations into its tokens and back. No weights, no device.</summary>
public sealed record ModelText
{
    private ModelText(string path, string fingerprint, Tokenizer tokenizer, ChatTemplate? template, IReadOnlySet<int> endTokens)
    {
        Path = path;
        Fingerprint = fingerprint;
        Tokenizer = tokenizer;
        Template = template;
        EndTokens = endTokens;
    }

    /// <summary>The folder or file it is of.</summary>
    public string Path { get; }

    /// <summary>Names the model's exact content; see <see cref="LoadedModel.Fingerprint"/>.</summary>
    public string Fingerprint { get; }

    /// <summary>Text to token ids and back.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The model's own chat template, or null.</summary>
    public ChatTemplate? Template { get; }

    /// <summary>Ids that end an answer.</summary>
    public IReadOnlySet<int> EndTokens { get; }

    /// <summary>Reads the text side of a Hugging Face folder or a GGUF file; the files are closed again.</summary>
    /// <exception cref="ModelFormatException">The model is faulty or needs something this program does not have.</exception>
    /// <exception cref="InputException">There is no such model.</exception>
    public static ModelText Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using LoadedModel files = ModelLoader.Open(path);
        Tokenizer tokenizer = Tokenizer.Load(files);
        ChatTemplate? template = ChatTemplate.Load(files, tokenizer);
        return new ModelText(files.Path, files.Fingerprint, tokenizer, template, LocalModel.EndTokensOf(files.Config, tokenizer, template));
    }

    /// <summary>That of an opened model.</summary>
    public static ModelText Of(LocalModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new ModelText(model.Files.Path, model.Fingerprint, model.Tokenizer, model.Template, model.EndTokens);
    }
}
