namespace KVCluster.Inference.Models;

/// <summary>A model file is truncated, foreign, contradicts itself or needs something this program does not have.</summary>
public sealed class ModelFormatException : InputException
{
    /// <summary>Names the file and what is wrong with it.</summary>
    public ModelFormatException(string file, string fault)
        : base($"{file}: {fault}")
    {
        File = file;
        Fault = fault;
    }

    /// <summary>Names the file, what is wrong with it, and the parser's own error.</summary>
    public ModelFormatException(string file, string fault, Exception inner)
        : base($"{file}: {fault}", inner)
    {
        File = file;
        Fault = fault;
    }

    /// <summary>Path of the faulty file.</summary>
    public string File { get; }

    /// <summary>What is wrong, without the path.</summary>
    public string Fault { get; }
}
