using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>A method of a grain interface: how it is sent and how it is invoked.</summary>
internal abstract class GrainMethod
{
    private static readonly ConcurrentDictionary<MethodInfo, GrainMethod> Methods = new();

    private readonly bool[] _copied;
    private readonly bool _copiesAny;

    protected GrainMethod(MethodInfo info)
    {
        Info = info;
        Interface = info.DeclaringType!;
        Kind = KindOf(info);
        Timeout = (info.GetCustomAttribute<ResponseTimeoutAttribute>() ?? Interface.GetCustomAttribute<ResponseTimeoutAttribute>())?.Timeout;
        var parameters = info.GetParameters();
        TokenIndex = Array.FindIndex(parameters, parameter => parameter.ParameterType == typeof(CancellationToken));
        _copied = Array.ConvertAll(parameters, parameter => !parameter.IsDefined(typeof(ImmutableAttribute))
            && !DeepCopier.IsImmutable(parameter.ParameterType));
        _copiesAny = _copied.Contains(true);
    }

    public MethodInfo Info { get; }

    public Type Interface { get; }

    public CallKind Kind { get; }

    public TimeSpan? Timeout { get; }

    /// <summary>Which parameter is the cancellation token; negative for none.</summary>
    protected int TokenIndex { get; }

    public static GrainMethod Of(MethodInfo info) => Methods.GetOrAdd(info, static info => Create(info));

    /// <summary>Calls a grain; the result is what the interface's method returns.</summary>
    public abstract object? Send(GrainFactory factory, GrainId target, object?[] arguments);

    /// <summary>Compiles a call of the method on a grain; what it returns is converted to <typeparamref name="TResult"/>.</summary>
    protected Func<object, object?[], TResult> Compile<TResult>(Func<Expression, Expression> convert)
    {
        var grain = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object[]));
        var call = Expression.Call(Expression.Convert(grain, Interface), Info, Info.GetParameters().Select((parameter, i)
            => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), parameter.ParameterType)));
        return Expression.Lambda<Func<object, object?[], TResult>>(convert(call), grain, arguments).Compile();
    }

    protected CancellationToken TokenOf(object?[] arguments) => TokenIndex < 0 ? default : (CancellationToken)arguments[TokenIndex]!;

    /// <summary>Replaces what could be shared between caller and callee by copies.</summary>
    protected void Isolate(object?[] arguments)
    {
        for (var i = 0; _copiesAny && i < arguments.Length; i++)
        {
            if (_copied[i])
            {
                arguments[i] = DeepCopier.CopyObject(arguments[i]);
            }
        }
    }

    private static GrainMethod Create(MethodInfo info)
    {
        var returned = info.ReturnType;
        if (returned == typeof(Task) || returned == typeof(ValueTask) || returned == typeof(void))
        {
            return new GrainMethod<NoResult>(info);
        }

        var definition = returned.IsGenericType ? returned.GetGenericTypeDefinition() : null;
        var kind = definition == typeof(Task<>) || definition == typeof(ValueTask<>) ? typeof(GrainMethod<>)
            : definition == typeof(IAsyncEnumerable<>) ? typeof(StreamMethod<>)
            : throw new NotSupportedException($"{info.DeclaringType}.{info.Name} returns {returned}: a grain's method returns Task, ValueTask, "
                + "IAsyncEnumerable, or nothing when it is one-way.");
        return (GrainMethod)Activator.CreateInstance(kind.MakeGenericType(returned.GetGenericArguments()), info)!;
    }

    private static CallKind KindOf(MethodInfo info)
        => (info.IsDefined(typeof(AlwaysInterleaveAttribute)) ? CallKind.AlwaysInterleave : CallKind.None)
            | (info.IsDefined(typeof(ReadOnlyAttribute)) ? CallKind.ReadOnly : CallKind.None)
            | (info.IsDefined(typeof(OneWayAttribute)) || info.ReturnType == typeof(void) ? CallKind.OneWay : CallKind.None);
}

/// <summary>A method that answers once.</summary>
internal sealed class GrainMethod<T> : GrainMethod
{
    private readonly Func<object, object?[], Task> _invoke;
    private readonly bool _valueTask;

    public GrainMethod(MethodInfo info)
        : base(info)
    {
        _valueTask = info.ReturnType == typeof(ValueTask) || info.ReturnType == typeof(ValueTask<T>);
        _invoke = Compile<Task>(call => call.Type == typeof(void) ? Expression.Block(call, Expression.Constant(Task.CompletedTask))
            : _valueTask ? Expression.Call(call, "AsTask", null) : call);
    }

    public Task Invoke(object grain, object?[] arguments) => _invoke(grain, arguments);

    public override object? Send(GrainFactory factory, GrainId target, object?[] arguments)
    {
        var answer = SendCore(factory, target, arguments);
        return _valueTask ? typeof(T) == typeof(NoResult) ? new ValueTask(answer) : new ValueTask<T>((Task<T>)answer)
            : Info.ReturnType == typeof(void) ? null : answer;
    }

    private Task SendCore(GrainFactory factory, GrainId target, object?[] arguments)
    {
        Isolate(arguments);
        var token = TokenOf(arguments);
        if (token.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(token);
        }

        CancellationTokenSource? source = null;
        if (token.CanBeCanceled)
        {
            source = new CancellationTokenSource();
            arguments[TokenIndex] = source.Token;
        }

        var call = new MethodCall<T>(this, arguments)
        {
            Target = target,
            Timeout = Timeout ?? factory.Messaging.ResponseTimeout,
            Cancellation = source,
        };
        factory.Send(call, token);
        return call.Is(CallKind.OneWay) ? Task.CompletedTask : call.Answer;
    }
}
