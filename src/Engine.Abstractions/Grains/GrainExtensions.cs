using Orleans.Runtime;

namespace Orleans;

/// <summary>The identity of grains and references.</summary>
/// <remarks>Every method throws <see cref="ArgumentException"/> for an object that is neither a grain nor a reference.</remarks>
public static class GrainExtensions
{
    /// <summary>A reference by another interface of the same grain; given a grain, a reference to it.</summary>
    /// <exception cref="InvalidCastException">The type is no grain interface.</exception>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain)
        => (TGrainInterface)(object)ReferenceOf(grain).CastTo(typeof(TGrainInterface));

    /// <summary>The grain's identity.</summary>
    public static GrainId GetGrainId(this IAddressable grain) => grain is Grain { GrainContext: var context } ? context.GrainId : ReferenceOf(grain).GrainId;

    /// <summary>The key of a grain whose key is a text.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    private static GrainReference ReferenceOf(IAddressable grain) => grain switch
    {
        GrainReference reference => reference,
        Grain { GrainContext: var context } => context.GrainReference,
        _ => throw new ArgumentException($"{grain?.GetType().FullName ?? "null"} is neither a grain nor a reference to one.", nameof(grain)),
    };
}
