//! Operations on arrays: taken apart into operations on addresses, lengths and elements.

use super::operation::{Scalar, Site};
use super::{Path, Specialiser, Waiting};
use crate::check::array::{self, Pick};
use crate::check::creation::{self, Given};
use crate::check::dtype;
use crate::check::flow::{self, Arg, DtypeArg, Item, Step, VarId};
use crate::ir::{self, BlockId, Constant, Create, LocalId, Operand, Tree, Value};
use crate::ops;
use crate::source::Span;
use crate::types::{ArrayType, FunctionType, Layout, Type, TypeSet};

/// An array taken apart.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) array: ArrayType,
    pub(super) owner: Operand,
    pub(super) data: Operand,
    pub(super) lengths: Vec<Operand>,
    /// In bytes; empty if the layout gives them.
    pub(super) strides: Vec<Operand>,
}

impl Parts {
    fn of(array: ArrayType, leaves: &[Operand]) -> Self {
        let ndim = usize::from(array.ndim);
        let lengths = leaves[2..2 + ndim].to_vec();
        Self { array, owner: leaves[0], data: leaves[1], lengths, strides: leaves[2 + ndim..].to_vec() }
    }

    pub(super) fn tree(self) -> Tree<Operand> {
        let leaves = [self.owner, self.data].into_iter().chain(self.lengths).chain(self.strides);
        Tree::Array(self.array, leaves.collect())
    }
}

/// The bounds of a slice, settled.
struct Run {
    start: Operand,
    length: Operand,
    step: Operand,
}

/// The objects of the arrays that a value is made of.
fn owners_of(value: &Tree<LocalId>, owners: &mut Vec<LocalId>) {
    match value {
        Tree::Leaf(_) | Tree::Function(_) => {}
        Tree::Tuple(parts) => parts.iter().for_each(|part| owners_of(part, owners)),
        Tree::Array(_, leaves) => owners.extend(leaves.first()),
    }
}

const fn int(value: i64) -> Operand {
    Operand::Constant(Constant::Int(value))
}

impl Specialiser<'_> {
    /// The locals that hold an array.
    pub(super) fn array_leaves(&mut self, variable: VarId, path: &mut Path, array: ArrayType) -> Vec<LocalId> {
        let types = [Type::Object, Type::Pointer].into_iter().chain(std::iter::repeat(Type::Int));
        let leaf = |(at, one): (usize, Type)| {
            path.push(at);
            let leaf = self.leaf(variable, path, one.into());
            path.pop();
            leaf
        };
        (0..array.leaves()).zip(types).map(leaf).collect()
    }

    /// Reads what arrays are made of from their objects.
    pub(super) fn open(&mut self, block: BlockId, value: &Tree<LocalId>) {
        match value {
            Tree::Leaf(_) | Tree::Function(_) => {}
            Tree::Tuple(parts) => parts.iter().for_each(|part| self.open(block, part)),
            // A view is all there.
            Tree::Array(array, _) if array.view => {}
            Tree::Array(array, leaves) => {
                let owner = Operand::Local(leaves[0]);
                let ndim = usize::from(array.ndim);
                self.read_header(block, leaves[1], "data.", vec![owner]);
                for at in 0..ndim {
                    self.read_header(block, leaves[2 + at], "length.", vec![owner, int(at as i64)]);
                    if array.has_strides() {
                        self.read_header(block, leaves[2 + ndim + at], "stride.", vec![owner, int(at as i64)]);
                    }
                }
            }
        }
    }

    fn read_header(&mut self, block: BlockId, target: LocalId, name: &str, args: Vec<Operand>) {
        let types = args.iter().filter_map(|&arg| self.function.types(arg).single()).collect::<Vec<_>>();
        if let Some(op) = ops::find(name, &types) {
            self.push(block, target, Value::Op { op, args, exit: None }, Span::default());
        }
    }

    /// Does `value[items]`; false if compiled code does not.
    pub(super) fn item(&mut self, at: &mut Waiting, step: &Step, value: Arg, items: &[Item]) -> bool {
        let (array, leaves) = match self.operand(value, &at.state) {
            Tree::Array(array, leaves) => (array, leaves),
            Tree::Tuple(parts) => {
                let types = self.types(value, &at.state);
                return self.tuple_part(at, step, (&parts, types), items);
            }
            Tree::Leaf(_) | Tree::Function(_) => return false,
        };
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        let parts = Parts::of(array, &leaves);
        let Some((tree, types)) = self.picked(&site, &parts, items) else { return false };
        self.bind(at, step, &tree, types);
        true
    }

    /// The address of an element that is to be written; false if it cannot be, or is no element.
    pub(super) fn element_place(&mut self, at: &mut Waiting, step: &Step, value: Arg, items: &[Item]) -> bool {
        let Tree::Array(array, leaves) = self.operand(value, &at.state) else { return false };
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        let parts = Parts::of(array, &leaves);
        let place = self.all_items(&site, items).and_then(|(items, indices)| {
            let picks = array::picks(array, &items)?;
            let is_element = matches!(array::picked(array, &items, &picks)?, Type::Scalar(_));
            (array.writable && is_element).then_some(())?;
            self.address_of(&site, &parts, &indices)
        });
        let Some(place) = place else { return false };
        self.bind(at, step, &Tree::Leaf(place), Type::Pointer.into());
        true
    }

    /// Writes the target of a step.
    pub(super) fn bind(&mut self, at: &mut Waiting, step: &Step, value: &Tree<Operand>, types: TypeSet) {
        let target = self.place(step.target, types);
        self.push_copies(at.block, &target, value, step.span);
        at.state.insert(step.target, types);
    }

    /// Does an operation with an array among its operands; false if compiled code does not.
    pub(super) fn on_arrays(&mut self, at: &mut Waiting, step: &Step, name: &str, args: &[Arg]) -> bool {
        let trees = args.iter().map(|&arg| self.operand(arg, &at.state)).collect::<Vec<_>>();
        let types = args.iter().map(|&arg| self.types(arg, &at.state)).collect::<Vec<_>>();
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        let Some(Tree::Array(array, leaves)) = trees.first() else { return false };
        let parts = Parts::of(*array, leaves);
        if name == "[]" {
            let items = [Item::At(args[1])];
            let Some((tree, types)) = self.picked(&site, &parts, &items) else { return false };
            self.bind(at, step, &tree, types);
            return true;
        }
        let Some((tree, types)) = self.array_value(&site, name, parts, (&trees, &types)) else { return false };
        self.bind(at, step, &tree, types);
        true
    }

    fn array_value(
        &mut self,
        site: &Site<'_>,
        name: &str,
        parts: Parts,
        (trees, types): (&[Tree<Operand>], &[TypeSet]),
    ) -> Option<(Tree<Operand>, TypeSet)> {
        let array = parts.array;
        let size = i64::from(array.dtype.size());
        let leaf = |(operand, one): Scalar| (Tree::Leaf(operand), TypeSet::of(one));
        let ints = |all: Vec<Operand>| {
            let tree = Tree::Tuple(all.into_iter().map(Tree::Leaf).collect());
            Some((tree, array::ints(array)?.into()))
        };
        match (name, trees) {
            ("load.", [_, Tree::Leaf(place)]) => {
                self.compute(site, ops::array::load(array.dtype), &[(*place, Type::Pointer)]).map(leaf)
            }
            ("into.", [_, Tree::Leaf(value)]) => {
                let value = (*value, types[1].single()?);
                self.compute(site, ops::array::into(array.dtype), &[value]).map(leaf)
            }
            ("store.", [_, Tree::Leaf(place), Tree::Leaf(value)]) => {
                let operands = [(*place, Type::Pointer), (*value, Type::Scalar(array.dtype))];
                self.compute(site, "store.", &operands).map(leaf)
            }
            ("over.", [_]) if array.ndim > 0 => Some((parts.tree(), Type::Array(array).into())),
            ("elements.", [_]) => Some((parts.tree(), Type::Array(array).into())),
            ("at.", [_, Tree::Leaf(index)]) => self.known_item(site, &parts, *index),
            ("unpack.", [_, Tree::Leaf(Operand::Constant(count)), Tree::Leaf(index @ Operand::Constant(at))])
                if array.ndim > 0 =>
            {
                let both = [(parts.lengths[0], Type::Int), (Operand::Constant(*count), Type::Int)];
                // Once is enough, and an array of no elements unpacks to no names.
                if *at == Constant::Int(0) || count == at {
                    let differs = self.compute(site, "!=", &both)?;
                    self.compute(site, "leave_if.", &[differs])?;
                }
                if count == at {
                    return Some((Tree::Leaf(Operand::Constant(Constant::None)), Type::None.into()));
                }
                self.known_item(site, &parts, *index)
            }
            ("unpack.star.", [_, Tree::Leaf(least @ Operand::Constant(_)), Tree::Leaf(Operand::Constant(at))])
                if array.ndim > 0 =>
            {
                self.around(site, &parts, *least, *at)
            }
            ("len", [_]) => parts.lengths.first().map(|&length| leaf((length, Type::Int))),
            (".ndim", [_]) => Some(leaf((int(array.ndim.into()), Type::Int))),
            (".itemsize", [_]) => Some(leaf((int(size), Type::Int))),
            (".size", [_]) => self.product(site, int(1), &parts.lengths).map(|size| leaf((size, Type::Int))),
            (".nbytes", [_]) => self.product(site, int(size), &parts.lengths).map(|size| leaf((size, Type::Int))),
            (".shape", [_]) => ints(parts.lengths),
            (".strides", [_]) => {
                let all = (0..parts.lengths.len()).map(|at| match array.view {
                    false => self.compute(site, "stride.", &[(parts.owner, Type::Object), (int(at as i64), Type::Int)]),
                    // NumPy gives an array without elements strides of 0, and its parts have them.
                    true => self.stride(site, &parts, at).and_then(|stride| {
                        self.compute(site, "part.stride.", &[(parts.owner, Type::Object), (stride, Type::Int)])
                    }),
                });
                ints(all.map(|stride| Some(stride?.0)).collect::<Option<Vec<_>>>()?)
            }
            (".dtype", [_]) => {
                let one = FunctionType::dtype(array.dtype);
                Some((Tree::Function(one), Type::Function(one).into()))
            }
            (".T", [_]) => {
                let (lengths, strides) = (parts.lengths.into_iter().rev(), parts.strides.into_iter().rev());
                let array = array::transposed(array);
                let turned = Parts { array, lengths: lengths.collect(), strides: strides.collect(), ..parts };
                Some((turned.tree(), Type::Array(array).into()))
            }
            _ if name.starts_with("is.") || name.starts_with("isinstance.") => {
                Some((Tree::Leaf(Operand::Constant(Constant::Bool(false))), Type::Bool.into()))
            }
            _ => self.of_elements(site, name, &parts, &trees[1..]),
        }
    }

    /// Has NumPy make an array; false if the types of the arguments do not tell its type.
    pub(super) fn create(&mut self, at: &mut Waiting, step: &Step, creation: &flow::Creation) -> bool {
        let types = creation.args.iter().map(|&(name, arg)| Some((name, self.types(arg, &at.state).single()?)));
        let Some(types) = types.collect::<Option<Vec<_>>>() else { return false };
        let dtype = match creation.dtype {
            None => None,
            Some(DtypeArg::Known(dtype)) => Some(dtype),
            Some(DtypeArg::Of(value)) => match self.types(value, &at.state).single().and_then(dtype::given) {
                None => return false,
                Some(found) => found,
            },
        };
        let given = Given { args: &types, dtype, order: creation.order, copy: creation.copy };
        let Some(result) = creation::result(creation.function, &given) else { return false };
        if creation::is_given(creation.function, &given) {
            let same = self.operand(creation.args[0].1, &at.state);
            self.bind(at, step, &same, Type::Array(result).into());
            return true;
        }
        let names = |part: &[(&str, Type)]| part.iter().map(|(name, _)| (*name).to_owned()).collect();
        let made = ir::Creation {
            function: creation.function.to_owned(),
            params: types.iter().map(|&(_, one)| one).collect(),
            keywords: names(&types[creation.positional..]),
            dtype,
            order: creation.order,
            copy: creation.copy,
            result,
        };
        let creations = &mut self.function.creations;
        let number = creations.iter().position(|known| *known == made).unwrap_or_else(|| {
            creations.push(made);
            creations.len() - 1
        });
        let args = creation.args.iter().map(|&(_, arg)| self.operand(arg, &at.state)).collect();
        let alive = self.owners_behind(at, step);
        let exit = self.exit(step.entry, &at.state);
        let target = self.place(step.target, Type::Array(result).into());
        let Some(&owner) = target.leaves().first() else { return false };
        let create = Create { creation: number as u32, args, alive, exit };
        self.push(at.block, owner, Value::Create(Box::new(create)), step.span);
        self.open(at.block, &target);
        at.state.insert(step.target, Type::Array(result).into());
        true
    }

    /// The objects of the arrays that are needed behind a step.
    fn owners_behind(&mut self, at: &Waiting, step: &Step) -> Vec<LocalId> {
        let live = self.liveness.at(self.flow, at.flow, at.step + 1);
        let behind =
            at.state.iter().filter(|(variable, _)| live.contains(variable.0 as usize) && **variable != step.target);
        let behind = behind.map(|(&variable, &types)| (variable, types)).collect::<Vec<_>>();
        let mut owners = Vec::new();
        for (variable, types) in behind {
            owners_of(&self.place(variable, types), &mut owners);
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// The element or part at an index that is known to be within the first dimension.
    pub(super) fn known_item(
        &mut self,
        site: &Site<'_>,
        parts: &Parts,
        index: Operand,
    ) -> Option<(Tree<Operand>, TypeSet)> {
        let one = [Item::At(Arg::Constant(Constant::Int(0)))];
        let picks = array::picks(parts.array, &one)?;
        let mut starts = vec![int(0); parts.lengths.len()];
        *starts.first_mut()? = index;
        let data = self.offset(site, parts, &starts)?;
        match array::picked(parts.array, &one, &picks)? {
            one @ Type::Scalar(dtype) => {
                let (value, _) = self.compute(site, ops::array::load(dtype), &[(data, Type::Pointer)])?;
                Some((Tree::Leaf(value), one.into()))
            }
            Type::Array(array) => {
                let mut strides = Vec::new();
                for at in (1..parts.lengths.len()).filter(|_| array.has_strides()) {
                    strides.push(self.stride(site, parts, at)?);
                }
                let view = Parts { array, owner: parts.owner, data, lengths: parts.lengths[1..].to_vec(), strides };
                Some((view.tree(), Type::Array(array).into()))
            }
            _ => None,
        }
    }

    /// The least of the lengths of tuples and arrays; false if one has none.
    pub(super) fn shortest(&mut self, at: &mut Waiting, step: &Step, args: &[Arg]) -> bool {
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        let mut least: Option<Operand> = None;
        for &arg in args {
            let length = match self.operand(arg, &at.state) {
                Tree::Tuple(parts) => int(parts.len() as i64),
                Tree::Array(array, leaves) if array.ndim > 0 => leaves[2],
                Tree::Array(..) | Tree::Leaf(_) | Tree::Function(_) => return false,
            };
            least = match least {
                None => Some(length),
                Some(before) => {
                    self.compute(&site, "least.", &[(before, Type::Int), (length, Type::Int)]).map(|(least, _)| least)
                }
            };
        }
        let Some(least) = least else { return false };
        self.bind(at, step, &Tree::Leaf(least), Type::Int.into());
        true
    }

    /// What the items pick of an array.
    fn picked(&mut self, site: &Site<'_>, parts: &Parts, items: &[Item]) -> Option<(Tree<Operand>, TypeSet)> {
        let (items, indices) = self.all_items(site, items)?;
        let picks = array::picks(parts.array, &items)?;
        match array::picked(parts.array, &items, &picks)? {
            one @ Type::Scalar(dtype) => {
                let place = self.address_of(site, parts, &indices)?;
                let (value, _) = self.compute(site, ops::array::load(dtype), &[(place, Type::Pointer)])?;
                Some((Tree::Leaf(value), one.into()))
            }
            Type::Array(array) => {
                let view = self.view(site, parts, array, &items, (&picks, &indices))?;
                Some((view.tree(), Type::Array(array).into()))
            }
            _ => None,
        }
    }

    /// The items with a tuple in the brackets taken apart, and the index of each that is one.
    fn all_items(&mut self, site: &Site<'_>, items: &[Item]) -> Option<(Vec<Item>, Vec<Option<Operand>>)> {
        if let [Item::At(only)] = items
            && let Tree::Tuple(parts) = self.operand(*only, site.state)
        {
            array::tuple_of_indices(self.types(*only, site.state).single()?)?;
            let indices = parts.iter().map(|part| match part {
                Tree::Leaf(index) => self.as_index(site, *index).map(Some),
                Tree::Tuple(_) | Tree::Array(..) | Tree::Function(_) => None,
            });
            return Some((vec![Item::At(*only); parts.len()], indices.collect::<Option<Vec<_>>>()?));
        }
        let indices = items.iter().map(|item| match item {
            Item::At(index) => match self.operand(*index, site.state) {
                Tree::Leaf(index) => self.as_index(site, index).map(Some),
                Tree::Tuple(_) | Tree::Array(..) | Tree::Function(_) => None,
            },
            Item::Slice(_) | Item::Ellipsis | Item::NewAxis => Some(None),
        });
        Some((items.to_vec(), indices.collect::<Option<Vec<_>>>()?))
    }

    /// An index as an int of 64 bits.
    pub(super) fn as_index(&mut self, site: &Site<'_>, index: Operand) -> Option<Operand> {
        let one = self.function.types(index).single().filter(|&one| array::is_index(one))?;
        match one {
            Type::Int => Some(index),
            Type::Nat => Some(self.compute(site, "fit.", &[(index, one)])?.0),
            _ => Some(self.compute(site, "index.", &[(index, one)])?.0),
        }
    }

    /// An index that is within a dimension, counted from its start.
    pub(super) fn checked(&mut self, site: &Site<'_>, index: Operand, length: Operand) -> Option<Operand> {
        let both = |index: Operand| [(index, Type::Int), (length, Type::Int)];
        let found = match index {
            Operand::Constant(Constant::Int(0..)) => self.compute(site, "bound.", &both(index)),
            Operand::Constant(_) => {
                let (from_start, _) = self.compute(site, "plus.", &both(index))?;
                self.compute(site, "bound.", &both(from_start))
            }
            Operand::Local(_) => self.compute(site, "at.", &both(index)),
        };
        found.map(|(index, _)| index)
    }

    pub(super) fn plus(&mut self, site: &Site<'_>, left: Operand, right: Operand) -> Option<Operand> {
        match (left, right) {
            (Operand::Constant(Constant::Int(0)), other) | (other, Operand::Constant(Constant::Int(0))) => Some(other),
            _ => Some(self.compute(site, "plus.", &[(left, Type::Int), (right, Type::Int)])?.0),
        }
    }

    fn times(&mut self, site: &Site<'_>, left: Operand, right: Operand) -> Option<Operand> {
        match (left, right) {
            (Operand::Constant(Constant::Int(1)), other) | (other, Operand::Constant(Constant::Int(1))) => Some(other),
            (zero @ Operand::Constant(Constant::Int(0)), _) | (_, zero @ Operand::Constant(Constant::Int(0))) => {
                Some(zero)
            }
            _ => Some(self.compute(site, "times.", &[(left, Type::Int), (right, Type::Int)])?.0),
        }
    }

    pub(super) fn product(&mut self, site: &Site<'_>, first: Operand, rest: &[Operand]) -> Option<Operand> {
        rest.iter().try_fold(first, |product, &factor| self.times(site, product, factor))
    }

    /// The address of the element with these indices, one for each dimension and possibly an ellipsis.
    pub(super) fn address_of(
        &mut self,
        site: &Site<'_>,
        parts: &Parts,
        indices: &[Option<Operand>],
    ) -> Option<Operand> {
        let given = indices.iter().copied().flatten().collect::<Vec<_>>();
        let mut checked = Vec::with_capacity(given.len());
        for (index, &length) in given.into_iter().zip(&parts.lengths) {
            checked.push(self.checked(site, index, length)?);
        }
        self.offset(site, parts, &checked)
    }

    /// The address behind so many elements of each dimension.
    pub(super) fn offset(&mut self, site: &Site<'_>, parts: &Parts, starts: &[Operand]) -> Option<Operand> {
        let ndim = parts.lengths.len();
        let order: Vec<usize> = match parts.array.layout {
            Layout::C => (0..ndim).collect(),
            Layout::F => (0..ndim).rev().collect(),
            Layout::Strided => {
                let mut place = parts.data;
                for (&start, &stride) in starts.iter().zip(&parts.strides) {
                    if start != int(0) {
                        let (bytes, _) = self.compute(site, "times.", &[(start, Type::Int), (stride, Type::Int)])?;
                        place = self.compute(site, "move.", &[(place, Type::Pointer), (bytes, Type::Int)])?.0;
                    }
                }
                return Some(place);
            }
        };
        let mut number = int(0);
        for at in order {
            number = self.times(site, number, parts.lengths[at])?;
            number = self.plus(site, number, starts[at])?;
        }
        if number == int(0) {
            return Some(parts.data);
        }
        let size = int(parts.array.dtype.size().into());
        let operands = [(parts.data, Type::Pointer), (number, Type::Int), (size, Type::Int)];
        Some(self.compute(site, "element.", &operands)?.0)
    }

    /// The stride of a dimension in bytes. One without elements counts as if it had one.
    pub(super) fn stride(&mut self, site: &Site<'_>, parts: &Parts, at: usize) -> Option<Operand> {
        let size = int(parts.array.dtype.size().into());
        match parts.array.layout {
            Layout::C => self.filled(site, size, &parts.lengths[at + 1..]),
            Layout::F => self.filled(site, size, &parts.lengths[..at]),
            Layout::Strided => parts.strides.get(at).copied(),
        }
    }

    fn filled(&mut self, site: &Site<'_>, size: Operand, lengths: &[Operand]) -> Option<Operand> {
        lengths.iter().try_fold(size, |product, &length| {
            let length = match length {
                Operand::Constant(Constant::Int(1..)) => length,
                _ => self.compute(site, "filled.", &[(length, Type::Int)])?.0,
            };
            self.times(site, product, length)
        })
    }

    /// A view of a part of an array.
    fn view(
        &mut self,
        site: &Site<'_>,
        parts: &Parts,
        array: ArrayType,
        items: &[Item],
        (picks, indices): (&[Pick], &[Option<Operand>]),
    ) -> Option<Parts> {
        let (mut starts, mut lengths, mut strides) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        for pick in picks {
            let length = parts.lengths.get(at).copied();
            match *pick {
                Pick::New => {
                    lengths.push(int(1));
                    strides.push(int(0));
                    continue;
                }
                Pick::At(item) => starts.push(self.checked(site, (*indices.get(item)?)?, length?)?),
                Pick::Whole => {
                    starts.push(int(0));
                    lengths.push(length?);
                    if array.has_strides() {
                        strides.push(self.stride(site, parts, at)?);
                    }
                }
                Pick::Slice(item) => {
                    let Item::Slice(bounds) = &items[item] else { return None };
                    let run = self.run_of(site, bounds, length?)?;
                    starts.push(run.start);
                    lengths.push(run.length);
                    if array.has_strides() {
                        let stride = self.stride(site, parts, at)?;
                        strides.push(if run.step == int(1) {
                            stride
                        } else {
                            let both = [(run.length, Type::Int), (run.step, Type::Int)];
                            let step = self.compute(site, "slice.step.", &both)?;
                            self.compute(site, "times.", &[(stride, Type::Int), step])?.0
                        });
                    }
                }
            }
            at += 1;
        }
        let data = self.offset(site, parts, &starts)?;
        if !array.has_strides() {
            strides.clear();
        }
        Some(Parts { array, owner: parts.owner, data, lengths, strides })
    }

    /// The bounds of a slice of a dimension, as CPython settles them. A step of zero leaves.
    fn run_of(&mut self, site: &Site<'_>, bounds: &[Arg; 3], length: Operand) -> Option<Run> {
        let mut settled = [None; 3];
        for (bound, settled) in bounds.iter().zip(&mut settled) {
            let Tree::Leaf(operand) = self.operand(*bound, site.state) else { return None };
            if self.function.types(operand).single()? != Type::None {
                *settled = Some(self.as_index(site, operand)?);
            }
        }
        let step = match settled[2] {
            None => int(1),
            Some(step) => self.compute(site, "step.", &[(step, Type::Int)])?.0,
        };
        let (step, length) = ((step, Type::Int), (length, Type::Int));
        let start = match settled[0] {
            None => self.compute(site, "slice.first.", &[length, step])?,
            Some(start) => self.compute(site, "slice.start.", &[(start, Type::Int), length, step])?,
        };
        let stop = match settled[1] {
            None => self.compute(site, "slice.last.", &[length, step])?,
            Some(stop) => self.compute(site, "slice.stop.", &[(stop, Type::Int), length, step])?,
        };
        let (length, _) = self.compute(site, "slice.length.", &[start, stop, step])?;
        Some(Run { start: start.0, length, step: step.0 })
    }
}
