using System.Reflection;

namespace Orleans.Serialization.Invocation
{
    /// <summary>A call, as the predicate of <see cref="Concurrency.MayInterleaveAttribute"/> sees it.</summary>
    public interface IInvokable
    {
        /// <summary>How many arguments the call has.</summary>
        int GetArgumentCount();

        /// <summary>An argument of the call.</summary>
        object? GetArgument(int index);

        /// <summary>The method's name.</summary>
        string GetMethodName();

        /// <summary>The interface's full name.</summary>
        string GetInterfaceName();

        /// <summary>The interface's method.</summary>
        MethodInfo GetMethod();
    }
}

namespace Orleans.Serialization
{
    /// <summary>A type without <see cref="GenerateSerializerAttribute"/> was to cross between grains.</summary>
    public sealed class CodecNotFoundException : Exception
    {
        /// <summary>An error.</summary>
        public CodecNotFoundException(string message)
            : base(message)
        {
        }
    }
}
