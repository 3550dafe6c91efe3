//! What is found of the elements that turns read and write, and of their indices.

use brrr_core::compile::Prepared;
use brrr_core::loops::elements::{Elements, elements};
use brrr_core::loops::indices::only_indices;
use brrr_core::loops::shapes;
use brrr_core::outside::Env;
use brrr_core::syntax;
use brrr_core::types::{ArrayType, Dtype, Layout, Signature, Type};

/// Of the one innermost loop of a function of two arrays of two dimensions.
fn found(body: &str, dtype: Dtype, layouts: [Layout; 2]) -> Elements {
    let source =
        format!("def f(a, b):\n    for i in range(len(b)):\n        for j in range(b.shape[1]):\n            {body}\n");
    let mut lines = source.split_inclusive('\n').map(str::to_owned);
    let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
    let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
    let params = layouts.map(|layout| Type::Array(ArrayType { dtype, ndim: 2, layout, writable: true, view: false }));
    let function = prepared.typed(&Signature { params: params.to_vec() }).expect("verified IR");
    let shape = shapes(&function).into_iter().find(|shape| shape.innermost).expect("an innermost loop");
    elements(&function, &shape.blocks, &shape.counter.expect("what counts its turns"))
}

#[test]
fn places_and_sizes() {
    let c = [Layout::C; 2];
    let sum = Elements { places: 3, writes: 1, largest: 1, apart: false, in_place: false };
    assert_eq!(found("b[i, j] = a[i, j] + a[i, j + 1]", Dtype::UInt8, c), sum);
    assert_eq!(found("b[i, j] += a[i, j]", Dtype::Float32, c), Elements { largest: 4, in_place: true, ..sum });
    let copy = Elements { places: 2, writes: 1, largest: 8, apart: false, in_place: false };
    assert_eq!(found("b[i, j] = a[i, j]", Dtype::Float64, c), copy);
    assert_eq!(found("b[i, -j - 1] = a[i, 0]", Dtype::Float64, c), copy);
}

#[test]
fn side_by_side() {
    let apart = |body: &str, layouts: [Layout; 2]| found(body, Dtype::Int32, layouts).apart;
    assert!(apart("b[i, j] = a[j, i]", [Layout::C; 2]));
    assert!(apart("b[j, i] = a[i, j]", [Layout::C; 2]));
    assert!(!apart("b[i, j] = a[j, i]", [Layout::F, Layout::C]));
    assert!(apart("b[i, j] = a[i, j]", [Layout::F, Layout::C]));
    assert!(apart("b[i, j] = a[i, j]", [Layout::Strided, Layout::C]));
    assert!(apart("b[i, j] = a[j, i] * a[j, i]", [Layout::C; 2]));
}

#[test]
fn conversions_that_are_only_indices() {
    for (body, expected) in [
        ("b[int(a[i])] += 1", 1),
        ("b[int(a[i] * 3.0)] = b[int(x)]", 2),
        ("k = int(a[i])\n        b[k] += 1", 0),
        ("b[int(a[i])] = int(x)", 1),
        ("int(x)\n        b[i] += 1", 0),
        ("b[int(a[i]) - 1] += 1", 0),
        ("b[i if int(x) else 0] += 1", 0),
        ("b[int(x) if i else 0] += 1", 0),
    ] {
        let source = format!("def f(a, b, x):\n    for i in range(len(a)):\n        {body}\n    return x\n");
        let mut lines = source.split_inclusive('\n').map(str::to_owned);
        let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
        let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
        let array = |dtype| Type::Array(ArrayType { dtype, ndim: 1, layout: Layout::C, writable: true, view: false });
        let params = vec![array(Dtype::Float64), array(Dtype::Int64), Type::Float];
        let function = prepared.typed(&Signature { params }).expect("verified IR");
        assert_eq!(only_indices(&function).len(), expected, "{source}");
    }
}
