namespace KVCluster.Inference;

/// <summary>
/// Something given from outside (a file, a prompt, an option) cannot be used. The message names the thing and the fault, for a person
/// to read; the command line shows it and exits with 2. Nothing stays allocated when it is thrown.
/// </summary>
public class InputException : Exception
{
    /// <summary>An error with a message for the user.</summary>
    public InputException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message for the user and what caused it.</summary>
    public InputException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
