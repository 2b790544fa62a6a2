using KVCluster.Inference;

namespace KVCluster.Silo.Models;

/// <summary>The model that comes with the program: beside the executable, where the build and <c>dotnet publish</c> put it.</summary>
internal static class BundledModel
{
    public static string Find() => Find(AppContext.BaseDirectory);

    /// <exception cref="InputException">It is not there.</exception>
    public static string Find(string baseFolder)
    {
        string path = Path.Combine(baseFolder, "models", "needle");
        return Directory.Exists(path)
            ? path
            : throw new InputException($"{path}: the bundled model is not there; name a model with --model");
    }
}
